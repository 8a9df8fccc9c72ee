local function work(n) return n + coroutine.yield() end
local tasks, total = {}, 0
for i = 0, 99999 do
  local task = coroutine.create(work)
  coroutine.resume(task, i)
  tasks[i + 1] = task
end
for i = 1, 100000 do
  local _, value = coroutine.resume(tasks[i], 1)
  total = total + value
end
print(string.format("%d", total))
