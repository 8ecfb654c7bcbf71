-- SPDX-License-Identifier: Apache-2.0
-- Documents: write random ones as JSON, read them again, compare, and fill a
-- page from each.
-- Arguments: documents, seed.
local count, seed = tonumber(arg[1]), tonumber(arg[2])

local function random(limit)
  seed = (seed * 48271) % 2147483647
  return seed % limit
end

local function word()
  local letters = {}
  for i = 1, 3 + random(8) do
    letters[i] = string.char(97 + random(26))
  end
  return table.concat(letters)
end

local function sentence()
  local words = {}
  for i = 1, 4 + random(12) do
    words[i] = word()
  end
  return table.concat(words, random(9) == 0 and "\t\"<\n" or " ") .. "."
end

local function document()
  local doc = { id = random(1000000), title = word(), text = sentence(), done = random(2) == 0, tags = {}, lines = {} }
  for i = 1, random(6) do
    doc.tags[i] = word()
  end
  for i = 1, 1 + random(5) do
    doc.lines[i] = { name = word(), count = random(100), price = random(100000) / 4 }
  end
  return doc
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }
local unescapes = { n = "\n", t = "\t" }
local encode

local function encode_object(v, out)
  local keys = {}
  for key in pairs(v) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  out[#out + 1] = "{"
  for i, key in ipairs(keys) do
    out[#out + 1] = (i > 1 and "," or "") .. '"' .. key .. '":'
    encode(v[key], out)
  end
  out[#out + 1] = "}"
end

local function encode_array(v, out)
  out[#out + 1] = "["
  for i, item in ipairs(v) do
    if i > 1 then
      out[#out + 1] = ","
    end
    encode(item, out)
  end
  out[#out + 1] = "]"
end

function encode(v, out)
  if type(v) == "string" then
    out[#out + 1] = '"' .. v:gsub('[%c"\\]', escapes) .. '"'
  elseif type(v) == "number" then
    out[#out + 1] = string.format(math.type(v) == "integer" and "%d" or "%.2f", v)
  elseif type(v) == "boolean" then
    out[#out + 1] = tostring(v)
  elseif v[1] or not next(v) then
    encode_array(v, out)
  else
    encode_object(v, out)
  end
end

local decode

local function decode_string(text, at)
  local stop = at
  repeat
    stop = text:find('["\\]', stop + 1)
    local slash = text:sub(stop, stop) == "\\"
    stop = slash and stop + 1 or stop
  until not slash
  return text:sub(at + 1, stop - 1):gsub("\\(.)", function(c)
    return unescapes[c] or c
  end), stop + 1
end

local function decode_list(text, at)
  local list = {}
  at = text:match("^%s*()", at + 1)
  while text:sub(at, at) ~= "]" do
    list[#list + 1], at = decode(text, at)
    at = text:match("^%s*,?%s*()", at)
  end
  return list, at + 1
end

local function decode_object(text, at)
  local object, key = {}, nil
  at = text:match("^%s*()", at + 1)
  while text:sub(at, at) ~= "}" do
    key, at = decode_string(text, at)
    at = text:match("^%s*:%s*()", at)
    object[key], at = decode(text, at)
    at = text:match("^%s*,?%s*()", at)
  end
  return object, at + 1
end

function decode(text, at)
  local c = text:sub(at, at)
  if c == "{" then
    return decode_object(text, at)
  elseif c == "[" then
    return decode_list(text, at)
  elseif c == '"' then
    local v, after = decode_string(text, at)
    return v, after
  elseif c == "t" or c == "f" then
    return c == "t", at + (c == "t" and 4 or 5)
  end
  local number, after = text:match("^(-?[%d.]+)()", at)
  return math.tointeger(number) or tonumber(number), after
end

local function same(a, b)
  if type(a) ~= "table" then
    return a == b
  end
  for key, v in pairs(a) do
    if not same(v, b[key]) then
      return false
    end
  end
  return true
end

local page = "<h1>{title}</h1>\n<p id={id}>{text}</p>\n<ul>{tags}</ul>\n"
local entities = { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;", ['"'] = "&quot;" }

local function fill(doc)
  return (page:gsub("{(%a+)}", function(name)
    local v = doc[name]
    if type(v) == "table" then
      return "<li>" .. table.concat(v, "</li><li>") .. "</li>"
    end
    return tostring(v):gsub('[<>&"]', entities)
  end))
end

local size, sum = 0, 0
for _ = 1, count do
  local doc, out = document(), {}
  encode(doc, out)
  local text = table.concat(out)
  local copy = decode(text, 1)
  assert(same(doc, copy))
  local html = fill(copy):upper():gsub("%s+", " ")
  size = size + #text
  for c in html:gmatch("[AEIOU]%u") do
    sum = (sum * 31 + c:byte(2)) % 1000003
  end
end
print("bytes " .. size, "checksum " .. sum)
