-- CD: see cd.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

-- Vectors

local Vector2 = {}
Vector2.__index = Vector2

function Vector2.new(x, y) return setmetatable({x = x, y = y}, Vector2) end
function Vector2:plus(other) return Vector2.new(self.x + other.x, self.y + other.y) end

local function compare(a, b)
  if a == b then return 0 end
  return a < b and -1 or 1
end

function Vector2:compare(other)
  local by_x = compare(self.x, other.x)
  if by_x ~= 0 then return by_x end
  return compare(self.y, other.y)
end

local Vector3 = {}
Vector3.__index = Vector3

function Vector3.new(x, y, z) return setmetatable({x = x, y = y, z = z}, Vector3) end
function Vector3.__add(a, b) return Vector3.new(a.x + b.x, a.y + b.y, a.z + b.z) end
function Vector3.__sub(a, b) return Vector3.new(a.x - b.x, a.y - b.y, a.z - b.z) end
function Vector3.__mul(a, factor) return Vector3.new(a.x * factor, a.y * factor, a.z * factor) end
function Vector3:dot(other) return self.x * other.x + self.y * other.y + self.z * other.z end
function Vector3:squared_length() return self:dot(self) end
function Vector3:length() return math.sqrt(self:squared_length()) end

function Vector3:is_within(low, high)
  return low.x <= self.x and self.x <= high.x and low.y <= self.y and self.y <= high.y and low.z <= self.z and self.z <= high.z
end

-- Maps in order. Keys have `compare`; values are not nil.

local Node = {}
Node.__index = Node

function Node.new(key, value, parent)
  return setmetatable({key = key, value = value, is_red = true, left = nil, right = nil, parent = parent}, Node)
end

function Node:first()
  local node = self
  while node.left do node = node.left end
  return node
end

function Node:successor()
  if self.right then return self.right:first() end
  local node = self
  while node.parent do
    if node.parent.left == node then return node.parent end
    node = node.parent
  end
  return nil
end

local function is_red(node) return node ~= nil and node.is_red end

local TreeMap = {}
TreeMap.__index = TreeMap

function TreeMap.new() return setmetatable({root = nil}, TreeMap) end

function TreeMap:get(key)
  local node = self:find(key)
  return node and node.value
end

function TreeMap:find(key)
  local node = self.root
  while node do
    local order = key:compare(node.key)
    if order == 0 then return node end
    if order < 0 then node = node.left else node = node.right end
  end
  return nil
end

function TreeMap:put(key, value)
  local parent, node, order = nil, self.root, nil
  while node do
    order = key:compare(node.key)
    if order == 0 then
      local before = node.value
      node.value = value
      return before
    end
    parent = node
    if order < 0 then node = node.left else node = node.right end
  end
  local new = Node.new(key, value, parent)
  if not parent then
    self.root = new
  elseif order < 0 then
    parent.left = new
  else
    parent.right = new
  end
  self:mend_insertion(new)
  return nil
end

function TreeMap:mend_insertion(node)
  while is_red(node.parent) do
    local parent = node.parent
    local grandparent = parent.parent
    local parent_is_left = grandparent.left == parent
    local uncle
    if parent_is_left then uncle = grandparent.right else uncle = grandparent.left end
    if is_red(uncle) then
      parent.is_red = false
      uncle.is_red = false
      grandparent.is_red = true
      node = grandparent
    else
      if (parent.right == node) == parent_is_left then
        self:rotate(parent, parent_is_left)
        node = parent
      end
      node.parent.is_red = false
      grandparent.is_red = true
      self:rotate(grandparent, not parent_is_left)
    end
  end
  self.root.is_red = false
end

function TreeMap:rotate(node, to_left)
  local child, moved
  if to_left then
    child = node.right
    moved = child.left
    node.right = moved
  else
    child = node.left
    moved = child.right
    node.left = moved
  end
  if moved then moved.parent = node end
  self:replace(node, child)
  if to_left then child.left = node else child.right = node end
  node.parent = child
end

function TreeMap:replace(node, other)
  local parent = node.parent
  if not parent then
    self.root = other
  elseif parent.left == node then
    parent.left = other
  else
    parent.right = other
  end
  if other then other.parent = parent end
end

function TreeMap:remove(key)
  local node = self:find(key)
  if not node then return nil end
  if node.left and node.right then
    local next = node.right:first()
    self:remove_node(next)
    self:take_place(next, node)
  else
    self:remove_node(node)
  end
  return node.value
end

function TreeMap:remove_node(node)
  local child, parent = node.left or node.right, node.parent
  self:replace(node, child)
  if not node.is_red then self:mend_removal(child, parent) end
end

function TreeMap:take_place(node, other)
  node.is_red = other.is_red
  node.left = other.left
  node.right = other.right
  self:replace(other, node)
  if node.left then node.left.parent = node end
  if node.right then node.right.parent = node end
end

function TreeMap:mend_removal(node, parent)
  while parent and not is_red(node) do
    local near, far = "left", "right"
    if parent.left ~= node then near, far = far, near end
    local is_left = near == "left"
    local sibling = parent[far]
    if sibling.is_red then
      sibling.is_red = false
      parent.is_red = true
      self:rotate(parent, is_left)
      sibling = parent[far]
    end
    if not is_red(sibling.left) and not is_red(sibling.right) then
      sibling.is_red = true
      node, parent = parent, parent.parent
    else
      if not is_red(sibling[far]) then
        sibling[near].is_red = false
        sibling.is_red = true
        self:rotate(sibling, not is_left)
        sibling = parent[far]
      end
      sibling.is_red = parent.is_red
      parent.is_red = false
      sibling[far].is_red = false
      self:rotate(parent, is_left)
      node, parent = self.root, nil
    end
  end
  if node then node.is_red = false end
end

function TreeMap:each(f)
  local node = self.root and self.root:first()
  while node do
    f(node.key, node.value)
    node = node:successor()
  end
end

-- Aircraft

local CallSign = {}
CallSign.__index = CallSign

function CallSign.new(number) return setmetatable({number = number}, CallSign) end
function CallSign:compare(other) return compare(self.number, other.number) end

local least = Vector3.new(0.0, 0.0, 0.0)
local greatest = Vector3.new(1000.0, 1000.0, 10.0)
local radius = 1.0
local column_size = 2.0 * radius

local function meets_frame(from, to)
  return from <= 1.0 and 1.0 <= to or from <= 0.0 and 0.0 <= to or 0.0 <= from and to <= 1.0
end

local function times_near(from, to, column)
  local margin, way = radius / 2.0, to - from
  if way == 0.0 then return column <= from + margin and from - margin <= column + column_size, 0.0, 0.0 end
  local first, last = (column - margin - from) / way, (column + column_size + margin - from) / way
  if way < 0.0 then first, last = last, first end
  return meets_frame(first, last), first, last
end

local Motion = {}
Motion.__index = Motion

function Motion.new(sign, from, to) return setmetatable({sign = sign, from = from, to = to}, Motion) end

function Motion:intersection(other)
  local way, other_way = self.to - self.from, other.to - other.from
  local a = (other_way - way):squared_length()
  if a == 0.0 then
    if (other.from - self.from):length() <= radius then return (self.from + other.from) * 0.5 end
    return nil
  end
  local b = 2.0 * (self.from - other.from):dot(way - other_way)
  local c = (other.from - self.from):squared_length() - radius * radius
  local discriminant = b * b - 4.0 * a * c
  if discriminant < 0.0 then return nil end
  local enter = (-b - math.sqrt(discriminant)) / (2.0 * a)
  local leave = (-b + math.sqrt(discriminant)) / (2.0 * a)
  if enter > leave or not meets_frame(enter, leave) then return nil end
  local time = math.max(enter, 0.0)
  local place = (self.from + way * time + other.from + other_way * time) * 0.5
  return place:is_within(least, greatest) and place or nil
end

function Motion:meets(column)
  if column.x > greatest.x or column.x < least.x or column.y > greatest.y or column.y < least.y then return false end
  local is_at_x, from_x, to_x = times_near(self.from.x, self.to.x, column.x)
  local is_at_y, from_y, to_y = times_near(self.from.y, self.to.y, column.y)
  local is_both = self.from.x == self.to.x or self.from.y == self.to.y
    or from_y <= to_x and to_x <= to_y or from_y <= from_x and from_x <= to_y
  return is_at_x and is_at_y and (is_both or from_x <= from_y and to_y <= to_x)
end

-- The detector

local neighbours = {}
for _, step in ipairs({{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}) do
  neighbours[#neighbours + 1] = Vector2.new(step[1] * column_size, step[2] * column_size)
end

local function column_along(x)
  local whole = x < 0.0 and math.ceil(x / column_size) or math.floor(x / column_size)
  return column_size * whole - (x < 0.0 and column_size or 0.0)
end

local function column_of(position) return Vector2.new(column_along(position.x), column_along(position.y)) end

local function draw(motion, column, seen, columns)
  if not motion:meets(column) or seen:put(column, true) then return end
  local group = columns:get(column)
  if group then group[#group + 1] = motion else columns:put(column, {motion}) end
  for _, step in ipairs(neighbours) do draw(motion, column:plus(step), seen, columns) end
end

local function find_groups(motions)
  local columns, groups = TreeMap.new(), {}
  for _, motion in ipairs(motions) do draw(motion, column_of(motion.from), TreeMap.new(), columns) end
  columns:each(function(_, group)
    if #group > 1 then groups[#groups + 1] = group end
  end)
  return groups
end

local Detector = {}
Detector.__index = Detector

function Detector.new() return setmetatable({positions = TreeMap.new()}, Detector) end

function Detector:collisions(frame)
  local found = {}
  for _, group in ipairs(find_groups(self:motions(frame))) do
    for i = 1, #group - 1 do
      local first = group[i]
      for j = i + 1, #group do
        local second = group[j]
        local place = first:intersection(second)
        if place then found[#found + 1] = {first = first.sign, second = second.sign, place = place} end
      end
    end
  end
  return found
end

function Detector:motions(frame)
  local seen, motions = TreeMap.new(), {}
  for i, aircraft in ipairs(frame) do
    local before = self.positions:put(aircraft.sign, aircraft.position)
    seen:put(aircraft.sign, true)
    motions[i] = Motion.new(aircraft.sign, before or aircraft.position, aircraft.position)
  end
  local gone = {}
  self.positions:each(function(sign)
    if not seen:get(sign) then gone[#gone + 1] = sign end
  end)
  for _, sign in ipairs(gone) do self.positions:remove(sign) end
  return motions
end

-- The benchmark

local Simulator = {}
Simulator.__index = Simulator

function Simulator.new(aircraft)
  local signs = {}
  for i = 0, aircraft - 1 do signs[#signs + 1] = CallSign.new(i) end
  return setmetatable({signs = signs}, Simulator)
end

function Simulator:frame(time)
  local frame = {}
  for i, sign in ipairs(self.signs) do
    local across
    if sign.number % 2 == 0 then
      across = math.cos(time) * 2.0 + sign.number * 3.0
    else
      across = math.sin(time) * 2.0 + (sign.number - 1) * 3.0
    end
    frame[i] = {sign = sign, position = Vector3.new(time, across, 10.0)}
  end
  return frame
end

local function count_collisions(aircraft)
  local simulator, detector, count = Simulator.new(aircraft), Detector.new(), 0
  for i = 0, 199 do count = count + #detector:collisions(simulator:frame(i / 10.0)) end
  return count
end

local known = {[1000] = 14484, [500] = 14484, [250] = 10830, [200] = 8655, [100] = 4305, [10] = 390, [2] = 42}

harness.run("cd", arg, 100, function(n)
  local count = count_collisions(n)
  assert(not known[n] or count == known[n])
  return count
end)
