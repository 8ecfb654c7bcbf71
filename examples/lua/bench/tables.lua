-- SPDX-License-Identifier: Apache-2.0
-- Tables and closures: a sort by several orders, memoized functions, a queue
-- by priority, a graph walked with it.
-- Arguments: items, seed.
local count, seed = tonumber(arg[1]), tonumber(arg[2])

local function random(limit)
  seed = (seed * 48271) % 2147483647
  return seed % limit
end

local function make_items(n)
  local items = {}
  for i = 1, n do
    items[i] = { id = i, group = random(50), weight = random(100000) }
  end
  return items
end

local function by(...)
  local keys = { ... }
  return function(a, b)
    for _, key in ipairs(keys) do
      if a[key] ~= b[key] then
        return a[key] < b[key]
      end
    end
    return false
  end
end

local function memoize(f)
  local known = {}
  return function(n)
    local v = known[n]
    if v == nil then
      v = f(n)
      known[n] = v
    end
    return v
  end
end

local function collatz(n)
  local steps = 0
  while n ~= 1 do
    n = n % 2 == 0 and n // 2 or 3 * n + 1
    steps = steps + 1
  end
  return steps
end

local function push(heap, key, value)
  local i = #heap + 1
  while i > 1 and heap[i // 2].key > key do
    heap[i] = heap[i // 2]
    i = i // 2
  end
  heap[i] = { key = key, value = value }
end

local function pop(heap)
  local first, last = heap[1], table.remove(heap)
  local n, i = #heap, 1
  while n > 0 do
    local child = 2 * i
    if child < n and heap[child + 1].key < heap[child].key then
      child = child + 1
    end
    if child > n or heap[child].key >= last.key then
      heap[i] = last
      break
    end
    heap[i] = heap[child]
    i = child
  end
  return first
end

local function make_graph(n)
  local graph = {}
  for i = 1, n do
    local edges = {}
    for k = 1, 1 + random(5) do
      edges[k] = { to = 1 + random(n), length = 1 + random(100) }
    end
    edges[#edges + 1] = { to = i % n + 1, length = 150 }
    graph[i] = edges
  end
  return graph
end

local function distances(graph)
  local far, heap = { 0 }, {}
  push(heap, 0, 1)
  while #heap > 0 do
    local at = pop(heap)
    if at.key == far[at.value] then
      for _, edge in ipairs(graph[at.value]) do
        local d = at.key + edge.length
        if not far[edge.to] or d < far[edge.to] then
          far[edge.to] = d
          push(heap, d, edge.to)
        end
      end
    end
  end
  return far
end

local function checksum(items, key)
  local sum = 0
  for _, item in ipairs(items) do
    sum = (sum * 31 + item[key]) % 1000003
  end
  return sum
end

local items = make_items(count)
table.sort(items, by("group", "weight", "id"))
print("groups " .. checksum(items, "id"))
table.sort(items, by("weight", "id"))
print("weights " .. checksum(items, "id"))

local steps, total = memoize(collatz), 0
for i = 1, count do
  total = total + steps(1 + items[i].weight % (count // 4))
end
print("collatz " .. total)

local far, sum = distances(make_graph(count // 2)), 0
for i = 1, #far do
  sum = sum + far[i]
end
print("distances " .. sum)
