-- SPDX-License-Identifier: Apache-2.0
-- Objects: a reader and an evaluator of arithmetic, with classes by
-- metatables, coroutines for the tokens, and errors that are caught.
-- Arguments: expressions, seed.
local count, seed = tonumber(arg[1]), tonumber(arg[2])

local function random(limit)
  seed = (seed * 48271) % 2147483647
  return seed % limit
end

local function write(depth)
  local kind = random(10)
  if depth == 0 or kind < 2 then
    return kind % 2 == 0 and tostring(random(100)) or ("xyz"):sub(1 + random(3)):sub(1, 1)
  elseif kind == 2 then
    return "-" .. write(depth - 1)
  end
  local op = ("+-*/"):sub(1 + kind % 4):sub(1, 1)
  return "(" .. write(depth - 1) .. " " .. op .. " " .. write(depth - 1) .. ")"
end

local Node = {}
Node.__index = Node

local function class(methods)
  methods.__index = methods
  return setmetatable(methods, Node)
end

function Node:size()
  local n = 1
  for _, child in ipairs(self) do
    n = n + child:size()
  end
  return n
end

local Number, Name, Negate, Binary = class {}, class {}, class {}, class {}

function Number:value()
  return self.number
end

function Name:value(scope)
  return scope[self.name]
end

function Negate:value(scope)
  return -self[1]:value(scope)
end

local operations = {
  ["+"] = function(a, b) return (a + b) % 1000003 end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return (a * b) % 1000003 end,
  ["/"] = function(a, b) return a // b end,
}

function Binary:value(scope)
  return operations[self.op](self[1]:value(scope), self[2]:value(scope))
end

local function tokens(text)
  return coroutine.wrap(function()
    for token in text:gmatch("%S") do
      coroutine.yield(token)
    end
  end)
end

local function reader(text)
  local next_token = tokens(text)
  local token = next_token()
  local function advance()
    local t = token
    token = next_token()
    return t
  end
  local function read()
    local t = advance()
    if t == "(" then
      local left = read()
      local op = advance()
      local node = setmetatable({ op = op, left, read() }, Binary)
      advance()
      return node
    elseif t == "-" then
      return setmetatable({ read() }, Negate)
    elseif t:match("%d") then
      while token and token:match("%d") do
        t = t .. advance()
      end
      return setmetatable({ number = tonumber(t) }, Number)
    end
    return setmetatable({ name = t }, Name)
  end
  return read
end

local sum, size, failed = 0, 0, 0
for i = 1, count do
  local tree = reader(write(6))()
  size = size + tree:size()
  for x = 1, 5 do
    local ok, value = pcall(tree.value, tree, { x = x, y = i, z = x * i - 7 })
    if ok then
      sum = (sum * 7 + value) % 1000003
    else
      failed = failed + 1
    end
  end
end
print("nodes " .. size, "sum " .. sum, "failed " .. failed)
