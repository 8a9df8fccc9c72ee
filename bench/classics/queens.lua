-- Queens: see queens.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

local function list(length, value)
  local t = {}
  for i = 1, length do t[i] = value end
  return t
end

local Board = {}
Board.__index = Board

function Board.new()
  return setmetatable({free_rows = list(8, true), free_rising = list(16, true), free_falling = list(16, true), queens = list(8, -1)}, Board)
end

function Board:is_free(row, column)
  return self.free_rows[row] and self.free_rising[column + row] and self.free_falling[column - row + 8]
end

function Board:set_free(row, column, free)
  self.free_rows[row] = free
  self.free_rising[column + row] = free
  self.free_falling[column - row + 8] = free
end

function Board:place(column)
  for row = 1, 8 do
    if self:is_free(row, column) then
      self.queens[column] = row
      self:set_free(row, column, false)
      if column == 8 or self:place(column + 1) then return true end
      self:set_free(row, column, true)
    end
  end
  return false
end

local function count_solved()
  local solved = 0
  for _ = 1, 10 do
    if Board.new():place(1) then solved = solved + 1 end
  end
  return solved
end

harness.run("queens", arg, 1000, function(n) return harness.repeated(n, 10, count_solved) end)
