-- Lets a request pass that carries a value which the file of secrets holds; all others are 401.
--
-- The routes that lead to the application ask for the mark that stands last here: a script that fails leads nowhere.
-- `SECRETS`, `HEADER`, `HEALTH_PATH` are written in front of this by the compiler.

local bit = require("bit")
local byte, find, sub = string.byte, string.find, string.sub

local LOOK_EVERY_MS = 200
local MOST_BYTES = 65536
local accepted, looked = {}, 0

-- Without blanks and line ends around it: over HTTP/2 a header may be nothing but blanks.
local function trimmed(text)
  local from, to = 1, #text
  while from <= to and byte(text, from) <= 32 do
    from = from + 1
  end
  while to >= from and byte(text, to) <= 32 do
    to = to - 1
  end
  return sub(text, from, to)
end

-- The values that are accepted now, one a line. None when the file cannot be read, or not whole: then nobody passes.
local function read()
  local file = io.open(SECRETS, "rb")
  if not file then
    return {}
  end
  local text = file:read(MOST_BYTES + 1) or ""
  file:close()
  if #text > MOST_BYTES then
    return {} -- what was cut off would leave the beginning of a value, which is shorter to guess
  end
  local values, from = {}, 1
  while from <= #text do
    local stop = find(text, "\n", from, true) or #text + 1
    local value = trimmed(sub(text, from, stop - 1))
    if value ~= "" then
      values[#values + 1] = value
    end
    from = stop + 1
  end
  return values
end

-- Takes as long for a wrong value as for the right one.
local function equal(sent, value)
  local difference = bit.bxor(#sent, #value)
  for index = 1, #value do
    difference = bit.bor(difference, bit.bxor(byte(sent, index) or 0, byte(value, index)))
  end
  return difference == 0
end

local function is_accepted(headers)
  local sent = headers:get(HEADER)
  if not sent or headers:getNumValues(HEADER) ~= 1 then
    return false
  end
  local found = false
  for index = 1, #accepted do
    found = equal(sent, accepted[index]) or found
  end
  return found
end

-- Whether this is GET of the health path and nothing else: with a body or an upgrade it would be more than a question.
-- Of a body that comes in pieces no header tells, so it is waited for; without one that takes no time.
local function is_check(h, headers)
  return HEALTH_PATH ~= ""
    and headers:get(":path") == HEALTH_PATH
    and headers:get(":method") == "GET"
    and not (headers:get("upgrade") or headers:get("content-length"))
    and not h:body()
end

-- A caller whom nobody knows asks how the application is, and cannot say anything: `X-User`, `X-Original-URL`.
local function silence(headers)
  local names = {}
  for name in pairs(headers) do
    if byte(name, 1) ~= 58 then -- ":", of the request line
      names[#names + 1] = name
    end
  end
  for index = 1, #names do
    headers:remove(names[index])
  end
  headers:replace("x-forwarded-proto", "http") -- without which Envoy finds no route
end

local function judge(h)
  local now = h:timestamp()
  if now - looked >= LOOK_EVERY_MS or now < looked then
    looked = now
    accepted = {} -- should the reading fail
    accepted = read()
  end
  local headers = h:headers()
  local mark = "ok"
  if not is_accepted(headers) then
    if not is_check(h, headers) then
      h:respond({ [":status"] = "401", ["content-type"] = "application/json" }, '{"message":"Unauthorized"}')
      return
    end
    headers = h:headers() -- what was lent before a wait is dead
    silence(headers)
    mark = "check"
  end
  headers:remove(HEADER)
  h:streamInfo():dynamicMetadata():set("gl", "proof", mark)
  h:clearRouteCache()
end

function envoy_on_request(h)
  pcall(judge, h)
end
