-- SPDX-License-Identifier: Apache-2.0
-- Strings: write a log, take it apart by patterns, count and rewrite it.
-- Arguments: lines, seed.
local lines, seed = tonumber(arg[1]), tonumber(arg[2])

local function random(limit)
  seed = (seed * 48271) % 2147483647
  return seed % limit
end

local units = { "disk", "net", "mail", "cron", "kernel", "login", "print" }
local levels = { "info", "info", "info", "notice", "warning", "error" }

local function name()
  local parts = {}
  for i = 1, 2 + random(3) do
    parts[i] = string.char(97 + random(26)) .. ("aeiou"):sub(1 + random(5)):sub(1, 1)
  end
  return table.concat(parts)
end

local function make_line(i)
  return string.format("%02d:%02d:%02d %s[%d] <%s> user=%s took=%.3fms %s",
    i // 3600 % 24, i // 60 % 60, i % 60, units[1 + random(#units)], random(3000),
    levels[1 + random(#levels)], name(), random(100000) / 7, ("#"):rep(random(9)))
end

local function make_log()
  local log = {}
  for i = 1, lines do
    log[i] = make_line(i * 7)
  end
  return table.concat(log, "\n") .. "\n"
end

local function analyse(log)
  local users, took, errors = {}, 0, 0
  for line in log:gmatch("[^\n]+") do
    local unit, level, user, ms = line:match("^%S+ (%a+)%[%d+%] <(%a+)> user=(%a+) took=([%d.]+)ms")
    users[user] = (users[user] or 0) + 1
    took = took + tonumber(ms)
    if level == "error" or level == "warning" and unit:find("net", 1, true) then
      errors = errors + 1
    end
  end
  return users, took, errors
end

local function rewrite(log)
  log = log:gsub("user=(%a)(%a*)", function(first, rest)
    return "user=" .. first:upper() .. rest:reverse()
  end)
  log = log:gsub("#+", { ["#"] = "one", ["##"] = "two" })
  return (log:gsub("%[(%d+)%]", "(%1)"))
end

local function checksum(text)
  local sum = 0
  for i = 1, #text, 7 do
    sum = (sum * 31 + text:byte(i)) % 1000003
  end
  return sum
end

local log = make_log()
local users, took, errors = analyse(log)
local names = {}
for user in pairs(users) do
  names[#names + 1] = user
end
table.sort(names)
print("users " .. #names, names[1], names[#names])
print(string.format("took %.3f errors %d", took, errors))
print("checksum " .. checksum(rewrite(log)))
