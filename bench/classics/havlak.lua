-- Havlak: see havlak.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

-- The graph

local Block = {}
Block.__index = Block

function Block.new(name) return setmetatable({name = name, incoming = {}, outgoing = {}}, Block) end

local Graph = {}
Graph.__index = Graph

function Graph.new() return setmetatable({blocks = {}}, Graph) end

-- Names begin at 0, the list at 1.
function Graph:block(name)
  local blocks = self.blocks
  while #blocks <= name do blocks[#blocks + 1] = Block.new(#blocks) end
  return blocks[name + 1]
end

function Graph:connect(from, to)
  local source, target = self:block(from), self:block(to)
  table.insert(source.outgoing, target)
  table.insert(target.incoming, source)
end

function Graph:add_straight(start, length)
  for i = start, start + length - 1 do self:connect(i, i + 1) end
  return start + length
end

function Graph:add_diamond(start)
  self:connect(start, start + 1)
  self:connect(start, start + 2)
  self:connect(start + 1, start + 3)
  self:connect(start + 2, start + 3)
  return start + 3
end

function Graph:add_base_loop(from)
  local header = self:add_straight(from, 1)
  local first = self:add_diamond(header)
  local between = self:add_straight(first, 1)
  local second = self:add_diamond(between)
  local footer = self:add_straight(second, 1)
  self:connect(second, between)
  self:connect(first, header)
  self:connect(footer, from)
  return self:add_straight(footer, 1)
end

function Graph:add_nest(outer, middle, inner)
  local n = 2
  for _ = 1, outer do
    self:connect(2, n + 1)
    n = n + 1
    for _ = 1, middle do
      local top = n
      n = self:add_straight(n, 1)
      for _ = 1, inner do n = self:add_base_loop(n) end
      local bottom = self:add_straight(n, 1)
      self:connect(n, top)
      n = bottom
    end
    self:connect(n, 1)
  end
end

-- Loops

local Loop = {}
Loop.__index = Loop

function Loop.new(header, is_reducible)
  return setmetatable({
    header = header, is_reducible = is_reducible, blocks = {}, children = {}, parent = nil, level = 0, height = 0,
  }, Loop)
end

function Loop:set_parent(parent)
  self.parent = parent
  table.insert(parent.children, self)
end

function Loop:find_levels(level)
  self.level = level
  for _, child in ipairs(self.children) do
    child:find_levels(level + 1)
    self.height = math.max(self.height, child.height + 1)
  end
end

local LoopTree = {}
LoopTree.__index = LoopTree

function LoopTree.new() return setmetatable({root = Loop.new(nil, true), loops = {}}, LoopTree) end

function LoopTree:add(header, is_reducible)
  local loop = Loop.new(header, is_reducible)
  loop.blocks[header] = true
  table.insert(self.loops, loop)
  return loop
end

function LoopTree:len() return #self.loops + 1 end

function LoopTree:find_levels()
  for _, loop in ipairs(self.loops) do
    if not loop.parent then loop:set_parent(self.root) end
  end
  self.root:find_levels(0)
end

-- The finder

local Node = {}
Node.__index = Node

function Node.new(block, number) return setmetatable({block = block, number = number, parent = nil, loop = nil}, Node) end

function Node:join(set) self.parent = set end

function Node:find()
  local passed, node = {}, self
  while node.parent do
    if node.parent.parent then passed[#passed + 1] = node end
    node = node.parent
  end
  for _, below in ipairs(passed) do below.parent = node end
  return node
end

local Finder = {}
Finder.__index = Finder

function Finder.new(graph, tree)
  return setmetatable({
    graph = graph, tree = tree, numbers = {}, nodes = {}, last = {}, kinds = {}, headers = {}, back = {}, other = {},
  }, Finder)
end

function Finder:run()
  if #self.graph.blocks == 0 then return end
  self:search(self.graph.blocks[1])
  self:sort_edges()
  for w = #self.nodes, 1, -1 do self:find_loop(w) end
end

function Finder:search(block)
  local number = #self.nodes + 1
  self.numbers[block] = number
  self.nodes[number] = Node.new(block, number)
  for _, target in ipairs(block.outgoing) do
    if not self.numbers[target] then self:search(target) end
  end
  self.last[number] = #self.nodes
end

function Finder:is_ancestor(w, v) return w <= v and v <= self.last[w] end

function Finder:sort_edges()
  for w, node in ipairs(self.nodes) do
    self.headers[w] = 1
    self.kinds[w] = "plain"
    local back, other = {}, {}
    for _, source in ipairs(node.block.incoming) do
      local v = self.numbers[source]
      if v then
        if self:is_ancestor(w, v) then back[#back + 1] = v else other[v] = true end
      end
    end
    self.back[w] = back
    self.other[w] = other
  end
end

local function contains(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

function Finder:find_loop(w)
  local pool, todo = {}, {}
  for _, v in ipairs(self.back[w]) do
    if v == w then
      self.kinds[w] = "self"
    else
      local node = self.nodes[v]:find()
      pool[#pool + 1] = node
      todo[#todo + 1] = node
    end
  end
  if #pool > 0 then self.kinds[w] = "reducible" end
  while #todo > 0 do self:collect(w, table.remove(todo), pool, todo) end
  if #pool > 0 or self.kinds[w] == "self" then self:make_loop(w, pool) end
end

function Finder:collect(w, x, pool, todo)
  for v in pairs(self.other[x.number]) do
    local y = self.nodes[v]:find()
    if not self:is_ancestor(w, y.number) then
      self.kinds[w] = "irreducible"
      self.other[w][y.number] = true
    elseif y.number ~= w and not contains(pool, y) then
      todo[#todo + 1] = y
      pool[#pool + 1] = y
    end
  end
end

function Finder:make_loop(w, pool)
  local head = self.nodes[w]
  local loop = self.tree:add(head.block, self.kinds[w] ~= "irreducible")
  head.loop = loop
  for _, node in ipairs(pool) do
    self.headers[node.number] = w
    node:join(head)
    if node.loop then node.loop:set_parent(loop) else loop.blocks[node.block] = true end
  end
end

-- The benchmark

local function find_all(small)
  local graph, tree = Graph.new(), LoopTree.new()
  graph:block(0)
  graph:add_base_loop(0)
  graph:connect(0, 2)
  for _ = 1, small do Finder.new(graph, tree):run() end
  graph:add_nest(10, 10, 5)
  Finder.new(graph, tree):run()
  for _ = 1, math.min(small, 50) do Finder.new(graph, LoopTree.new()):run() end
  tree:find_levels()
  return tree:len(), #graph.blocks
end

harness.run("havlak", arg, 1500, function(n)
  local loops, blocks = find_all(n)
  assert(loops == 1602 + 3 * n and blocks == 5213)
  return loops .. " " .. blocks
end)
