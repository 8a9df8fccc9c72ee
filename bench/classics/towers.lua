-- Towers: see towers.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local Disk = {}
Disk.__index = Disk

function Disk.new(size) return setmetatable({size = size, below = nil}, Disk) end

local Towers = {}
Towers.__index = Towers

function Towers.new() return setmetatable({piles = {}, moves = 0}, Towers) end

function Towers:push(disk, pile)
  local top = self.piles[pile]
  if top and disk.size >= top.size then error("a disk on one that is not bigger") end
  disk.below = top
  self.piles[pile] = disk
end

function Towers:pop(pile)
  local top = self.piles[pile] or error("no disk to take")
  self.piles[pile] = top.below
  top.below = nil
  return top
end

function Towers:build(pile, disks)
  for size = disks, 0, -1 do self:push(Disk.new(size), pile) end
end

function Towers:move_top(from, to)
  self:push(self:pop(from), to)
  self.moves = self.moves + 1
end

function Towers:move(disks, from, to)
  if disks == 1 then return self:move_top(from, to) end
  local other = 6 - from - to
  self:move(disks - 1, from, other)
  self:move_top(from, to)
  self:move(disks - 1, other, to)
end

local function count_moves()
  local towers = Towers.new()
  towers:build(1, 13)
  towers:move(13, 1, 2)
  return towers.moves
end

harness.run("towers", arg, 600, function(n) return harness.repeated(n, 8191, count_moves) end)
