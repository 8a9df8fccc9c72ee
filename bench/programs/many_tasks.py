import asyncio
async def work(gate, n): return n + await gate.get()
async def main():
    gate = asyncio.Queue(1)
    tasks = [asyncio.create_task(work(gate, i)) for i in range(100000)]
    for _ in range(100000): await gate.put(1)
    total = 0
    for task in tasks: total += await task
    print(total)
asyncio.run(main())
