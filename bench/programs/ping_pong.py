import asyncio
async def pong(there, back):
    while True: await back.put(await there.get() + 1)
async def main():
    there, back = asyncio.Queue(1), asyncio.Queue(1)
    task = asyncio.create_task(pong(there, back))
    n = 0
    for _ in range(300000):
        await there.put(n)
        n = await back.get()
    task.cancel()
    print(n)
asyncio.run(main())
