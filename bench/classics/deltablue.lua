-- DeltaBlue: see deltablue.firn.
package.path = arg[0]:match("^(.-)[^/]*$") .. "?.lua;" .. package.path
local harness = require("harness")

-- Strengths: the less the stronger.
local required, preferred, strong_default, normal_default, absolute_weakest = 0, 1, 2, 3, 4

local function class(parent)
  local new = setmetatable({}, {__index = parent})
  new.__index = new
  return new
end

-- Variables

local Variable = class()

function Variable.new(value)
  return setmetatable({
    value = value, constraints = {}, determined_by = nil, mark = 0, walk_strength = absolute_weakest, stays = true,
  }, Variable)
end

function Variable:each_consuming(f)
  local determined_by = self.determined_by
  for _, constraint in ipairs(self.constraints) do
    if constraint:is_satisfied() and constraint ~= determined_by then f(constraint) end
  end
end

function Variable:remove(constraint)
  for i, other in ipairs(self.constraints) do
    if other == constraint then table.remove(self.constraints, i) break end
  end
  if self.determined_by == constraint then self.determined_by = nil end
end

function Variable:is_known(mark) return self.mark == mark or self.stays or self.determined_by == nil end

-- Constraints

local Constraint = class()

function Constraint:is_input() return false end
function Constraint:execute() end

function Constraint:add(planner)
  self:add_to_variables()
  planner:add(self)
end

function Constraint:destroy(planner)
  if self:is_satisfied() then planner:remove(self) else self:remove_from_variables() end
end

function Constraint:satisfy(mark, planner)
  self:choose_method(mark)
  if not self:is_satisfied() then
    assert(self.strength ~= required, "a required constraint can't be satisfied")
    return nil
  end
  self:each_input(function(input) input.mark = mark end)
  local output = self:output()
  local overridden = output.determined_by
  if overridden then overridden:be_unsatisfied() end
  output.determined_by = self
  assert(planner:propagate(self, mark), "there is a cycle")
  output.mark = mark
  return overridden
end

-- On one variable

local Unary = class(Constraint)

function Unary.init(kind, strength, variable)
  return setmetatable({strength = strength, variable = variable, satisfied = false}, kind)
end

function Unary:is_satisfied() return self.satisfied end
function Unary:be_unsatisfied() self.satisfied = false end
function Unary:output() return self.variable end
function Unary:each_input() end
function Unary:inputs_are_known() return true end

function Unary:add_to_variables()
  table.insert(self.variable.constraints, self)
  self.satisfied = false
end

function Unary:remove_from_variables()
  self.variable:remove(self)
  self.satisfied = false
end

function Unary:choose_method(mark)
  self.satisfied = self.variable.mark ~= mark and self.strength < self.variable.walk_strength
end

function Unary:recalculate()
  local variable = self.variable
  variable.walk_strength = self.strength
  variable.stays = not self:is_input()
  if variable.stays then self:execute() end
end

local Stay = class(Unary)
local Edit = class(Unary)

function Edit:is_input() return true end

-- On two variables

local none, forward, backward = 0, 1, 2

local Binary = class(Constraint)

function Binary.init(kind, strength, first, second)
  return setmetatable({strength = strength, first = first, second = second, direction = none}, kind)
end

function Binary:is_satisfied() return self.direction ~= none end
function Binary:be_unsatisfied() self.direction = none end
function Binary:input() return self.direction == forward and self.first or self.second end
function Binary:output() return self.direction == forward and self.second or self.first end
function Binary:each_input(f) f(self:input()) end
function Binary:inputs_are_known(mark) return self:input():is_known(mark) end

function Binary:add_to_variables()
  table.insert(self.first.constraints, self)
  table.insert(self.second.constraints, self)
  self.direction = none
end

function Binary:remove_from_variables()
  self.first:remove(self)
  self.second:remove(self)
  self.direction = none
end

function Binary:choose_method(mark)
  local first, second, strength = self.first, self.second, self.strength
  local may_change_first = first.mark ~= mark and strength < first.walk_strength
  local may_change_second = second.mark ~= mark and strength < second.walk_strength
  local prefers_first = second.mark == mark or first.mark ~= mark and second.walk_strength < first.walk_strength
  if prefers_first then
    self.direction = may_change_first and backward or none
  else
    self.direction = may_change_second and forward or none
  end
end

function Binary:recalculate()
  local input, output = self:input(), self:output()
  output.walk_strength = math.max(self.strength, input.walk_strength)
  output.stays = input.stays
  if output.stays then self:execute() end
end

local Equal = class(Binary)

function Equal:execute() self:output().value = self:input().value end

local Scale = class(Binary)

function Scale.new(strength, first, second, scale, offset)
  local new = Binary.init(Scale, strength, first, second)
  new.scale = scale
  new.offset = offset
  return new
end

function Scale:add_to_variables()
  Binary.add_to_variables(self)
  table.insert(self.scale.constraints, self)
  table.insert(self.offset.constraints, self)
end

function Scale:remove_from_variables()
  Binary.remove_from_variables(self)
  self.scale:remove(self)
  self.offset:remove(self)
end

function Scale:each_input(f)
  f(self:input())
  f(self.scale)
  f(self.offset)
end

function Scale:inputs_are_known(mark)
  return self:input():is_known(mark) and self.scale:is_known(mark) and self.offset:is_known(mark)
end

function Scale:recalculate()
  local input, output = self:input(), self:output()
  output.walk_strength = math.max(self.strength, input.walk_strength)
  output.stays = input.stays and self.scale.stays and self.offset.stays
  if output.stays then self:execute() end
end

function Scale:execute()
  local scale, offset = self.scale.value, self.offset.value
  if self.direction == forward then
    self.second.value = self.first.value * scale + offset
  else
    self.first.value = math.floor((self.second.value - offset) / scale)
  end
end

-- The planner

local Planner = class()

function Planner.new() return setmetatable({mark = 0}, Planner) end

function Planner:new_mark()
  self.mark = self.mark + 1
  return self.mark
end

function Planner:add(constraint)
  local mark = self:new_mark()
  local overridden = constraint:satisfy(mark, self)
  while overridden do overridden = overridden:satisfy(mark, self) end
end

function Planner:remove(constraint)
  local output = constraint:output()
  constraint:be_unsatisfied()
  constraint:remove_from_variables()
  for _, unsatisfied in ipairs(self:unsatisfied_from(output)) do self:add(unsatisfied) end
end

function Planner:propagate(constraint, mark)
  local todo = {constraint}
  while #todo > 0 do
    local next = table.remove(todo)
    if next:output().mark == mark then
      self:remove(constraint)
      return false
    end
    next:recalculate()
    next:output():each_consuming(function(consumer) todo[#todo + 1] = consumer end)
  end
  return true
end

function Planner:unsatisfied_from(output)
  output.determined_by = nil
  output.walk_strength = absolute_weakest
  output.stays = true
  local unsatisfied, todo = {}, {output}
  while #todo > 0 do
    local variable = table.remove(todo)
    for _, constraint in ipairs(variable.constraints) do
      if not constraint:is_satisfied() then unsatisfied[#unsatisfied + 1] = constraint end
    end
    variable:each_consuming(function(consumer)
      consumer:recalculate()
      todo[#todo + 1] = consumer:output()
    end)
  end
  table.sort(unsatisfied, function(a, b) return a.strength < b.strength end)
  return unsatisfied
end

function Planner:plan_for(edits)
  local mark = self:new_mark()
  local plan, todo = {}, {}
  for _, edit in ipairs(edits) do
    if edit:is_input() and edit:is_satisfied() then todo[#todo + 1] = edit end
  end
  while #todo > 0 do
    local constraint = table.remove(todo)
    local output = constraint:output()
    if output.mark ~= mark and constraint:inputs_are_known(mark) then
      plan[#plan + 1] = constraint
      output.mark = mark
      output:each_consuming(function(consumer) todo[#todo + 1] = consumer end)
    end
  end
  return plan
end

-- The benchmark

local function new_edit(variable, planner)
  local edit = Unary.init(Edit, preferred, variable)
  edit:add(planner)
  return edit
end

local function chain_test(length)
  local planner, variables = Planner.new(), {}
  for i = 0, length do variables[i] = Variable.new(0) end
  for i = 0, length - 1 do Binary.init(Equal, required, variables[i], variables[i + 1]):add(planner) end
  local last = variables[length]
  Unary.init(Stay, strong_default, last):add(planner)
  local edit = new_edit(variables[0], planner)
  local plan = planner:plan_for({edit})
  for i = 0, 99 do
    variables[0].value = i
    for _, constraint in ipairs(plan) do constraint:execute() end
    assert(last.value == i)
  end
  edit:destroy(planner)
  return #plan
end

local function change(variable, value, planner)
  local edit = new_edit(variable, planner)
  local plan = planner:plan_for({edit})
  for _ = 1, 10 do
    variable.value = value
    for _, constraint in ipairs(plan) do constraint:execute() end
  end
  edit:destroy(planner)
end

local function projection_test(length)
  local planner, scale, offset = Planner.new(), Variable.new(10), Variable.new(1000)
  local sources, results = {}, {}
  for i = 0, length - 1 do
    sources[i], results[i] = Variable.new(i), Variable.new(i)
    Unary.init(Stay, normal_default, sources[i]):add(planner)
    Scale.new(required, sources[i], results[i], scale, offset):add(planner)
  end
  local last = length - 1
  change(sources[last], 17, planner)
  assert(results[last].value == 1170)
  change(results[last], 1050, planner)
  assert(sources[last].value == 5)
  change(scale, 5, planner)
  for i = 0, last - 1 do assert(results[i].value == i * 5 + 1000) end
  change(offset, 2000, planner)
  local sum = results[last].value
  for i = 0, last - 1 do
    assert(results[i].value == i * 5 + 2000)
    sum = sum + results[i].value
  end
  return sum
end

harness.run("deltablue", arg, 12000, function(n) return chain_test(n) .. " " .. projection_test(n) end)
