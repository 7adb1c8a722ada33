-- access_log.lua: what a balancer's access log tells of a request as it came (load-balancers.md section 11).
--
-- It stands before all other filters, where somebody asked for a log: the request line is kept before anything
-- rewrites it, and a quote in what a client sent cannot end a field. The log is written by Envoy itself; when this
-- fails, fields are `-`. No Lua pattern sees text of a client; every loop is bounded by its length.

local find, sub, format, concat = string.find, string.sub, string.format, table.concat

local LOG = "gl.log" -- dynamic metadata, read by compile/access_log.py
local LONGEST = 8192 -- bytes of a field; Amazon cuts the user agent there too

local function quotable(text)
  text = #text > LONGEST and sub(text, 1, LONGEST) or text
  local quote = find(text, '"', 1, true)
  if not quote then
    return text
  end
  local parts, count, at = {}, 0, 1
  while quote do
    parts[count + 1], parts[count + 2] = sub(text, at, quote - 1), "\\x22"
    count, at = count + 2, quote + 1
    quote = find(text, '"', at, true)
  end
  parts[count + 1] = sub(text, at)
  return concat(parts)
end

-- A host with the port that the client meant. Of an address in brackets it stands behind the last colon too.
local function with_port(authority, port)
  local bracket = find(authority, "]", 1, true) or 1
  return find(authority, ":", bracket, true) and authority or authority .. ":" .. port
end

local function tell(h)
  local headers, info, context = h:headers(), h:streamInfo(), h:filterContext()
  local told = info:dynamicMetadata()
  local host, agent = headers:get(":authority") or "-", headers:get("user-agent")
  told:set(LOG, "request", quotable(concat({
    headers:get(":method"), " ", context:get("scheme"), "://", with_port(host, context:get("port")),
    headers:get(":path") or "-", " ", info:protocol(),
  })))
  if agent then
    told:set(LOG, "agent", quotable(agent))
  end
  told:set(LOG, "began", h:timestamp())
end

function envoy_on_request(h)
  local ok, problem = pcall(tell, h)
  if not ok then
    h:logErr("access_log.lua: " .. tostring(problem))
  end
end

-- Seconds until there was a head of an answer.
local function time(h)
  local told = h:streamInfo():dynamicMetadata()
  local began = told:get(LOG).began
  local took = h:timestamp() - began
  told:set(LOG, "took", format("%d.%03d", took / 1000, took % 1000))
end

function envoy_on_response(h)
  pcall(time, h) -- a request that this has not seen has no beginning
end
