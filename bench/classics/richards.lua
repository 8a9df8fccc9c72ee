-- Richards: see richards.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local idler, worker, handler_a, handler_b, device_a, device_b = 1, 2, 3, 4, 5, 6
local data_size = 4

-- Packets

local Packet = {}
Packet.__index = Packet

function Packet.new(next, process, kind)
  return setmetatable({next = next, process = process, kind = kind, datum = 0, data = {0, 0, 0, 0}}, Packet)
end

function Packet:append_to(queue)
  self.next = nil
  if not queue then return self end
  local last = queue
  while last.next do last = last.next end
  last.next = self
  return queue
end

-- Processes. A kind of process has `run_with`, which takes a packet or nil and gives the process to run next.

local Process = {}

function Process.kind()
  local class = setmetatable({}, {__index = Process})
  class.__index = class
  return class
end

function Process.init(class, scheduler, number, priority, input, is_waiting, fields)
  local process = setmetatable(fields, class)
  process.scheduler = scheduler
  process.number = number
  process.priority = priority
  process.next = scheduler.first
  process.input = input
  process.has_packet = input ~= nil
  process.is_waiting = is_waiting
  process.is_held = false
  scheduler.first = process
  scheduler.table[number] = process
end

function Process:can_run() return not self.is_held and (self.has_packet or not self.is_waiting) end

function Process:run()
  local packet
  if self.has_packet and self.is_waiting and not self.is_held then
    packet = self.input
    self.input = packet.next
    self.has_packet = self.input ~= nil
    self.is_waiting = false
  end
  return self:run_with(packet)
end

function Process:add_packet(packet, sender)
  local is_first = self.input == nil
  self.input = packet:append_to(self.input)
  if not is_first then return sender end
  self.has_packet = true
  if self.priority > sender.priority then return self end
  return sender
end

function Process:wait()
  self.is_waiting = true
  return self
end

function Process:hold()
  self.scheduler.holds = self.scheduler.holds + 1
  self.is_held = true
  return self.next
end

function Process:release(number)
  local other = self.scheduler.table[number]
  if not other then return nil end
  other.is_held = false
  if other.priority > self.priority then return other end
  return self
end

function Process:send(packet)
  local receiver = self.scheduler.table[packet.process]
  if not receiver then return nil end
  self.scheduler.sent = self.scheduler.sent + 1
  packet.next = nil
  packet.process = self.number
  return receiver:add_packet(packet, self)
end

local Scheduler = {}
Scheduler.__index = Scheduler

function Scheduler.new() return setmetatable({first = nil, table = {}, sent = 0, holds = 0}, Scheduler) end

function Scheduler:run()
  local process = self.first
  while process do
    if process:can_run() then process = process:run() else process = process.next end
  end
end

-- What they do

local Idler = Process.kind()

function Idler:run_with()
  self.count = self.count - 1
  if self.count == 0 then return self:hold() end
  local control = self.control
  if control % 2 == 0 then
    self.control = math.floor(control / 2)
    return self:release(device_a)
  end
  self.control = harness.xor(math.floor(control / 2), 0xd008)
  return self:release(device_b)
end

local Worker = Process.kind()

function Worker:run_with(packet)
  if not packet then return self:wait() end
  self.handler = self.handler == handler_a and handler_b or handler_a
  packet.process = self.handler
  packet.datum = 0
  for i = 1, data_size do
    self.letter = self.letter == 26 and 1 or self.letter + 1
    packet.data[i] = 64 + self.letter
  end
  return self:send(packet)
end

local Handler = Process.kind()

function Handler:run_with(packet)
  if packet then
    if packet.kind == "work" then
      self.work = packet:append_to(self.work)
    else
      self.devices = packet:append_to(self.devices)
    end
  end
  local work = self.work
  if not work then return self:wait() end
  local count = work.datum
  if count >= data_size then
    self.work = work.next
    return self:send(work)
  end
  local device = self.devices
  if not device then return self:wait() end
  self.devices = device.next
  device.datum = work.data[count + 1]
  work.datum = count + 1
  return self:send(device)
end

local Device = Process.kind()

function Device:run_with(packet)
  if packet then
    self.pending = packet
    return self:hold()
  end
  local done = self.pending
  if not done then return self:wait() end
  self.pending = nil
  return self:send(done)
end

-- The benchmark

local function queue(length, process, kind)
  local packets
  for _ = 1, length do packets = Packet.new(packets, process, kind) end
  return packets
end

local function simulate()
  local scheduler = Scheduler.new()
  Process.init(Idler, scheduler, idler, 0, nil, false, {control = 1, count = 10000})
  Process.init(Worker, scheduler, worker, 1000, queue(2, worker, "work"), true, {handler = handler_a, letter = 0})
  Process.init(Handler, scheduler, handler_a, 2000, queue(3, device_a, "device"), true, {})
  Process.init(Handler, scheduler, handler_b, 3000, queue(3, device_b, "device"), true, {})
  Process.init(Device, scheduler, device_a, 4000, nil, true, {})
  Process.init(Device, scheduler, device_b, 5000, nil, true, {})
  scheduler:run()
  return scheduler
end

harness.run("richards", arg, 100, function(n)
  for _ = 1, n do
    local scheduler = simulate()
    assert(scheduler.sent == 23246 and scheduler.holds == 9297)
  end
  return "23246 9297"
end)
