-- balancer.lua: what Envoy runs for every request at a balancer of the internet.
--
-- Rules are judged by Envoy itself. A request whose target has an unusual form meets a route that answers 400; this
-- script lets it on to the rules when no reading of its path would fit other rules, or none at all (DESIGN
-- section 5). So whatever happens to the script, such a request goes nowhere. What it cannot judge it refuses.

local UNUSUAL = "unusual form" -- the name of that route
local JUDGED = "judged" -- dynamic metadata: it may pass
local CLOSED = " login" -- the end of the names of routes at which a request waits for its login
local TARGET_LIMIT = 16384 -- characters of path and query
local HEADER_LIMIT = 16384 -- bytes of a header's name and value
local NO_HOST = "-" -- what Envoy writes for the Host that a client of HTTP/1.0 may leave out
local CODED_AT = 37 -- behind the request's id: a letter of its Transfer-Encoding, if any; then the bytes of all headers
local TABLES_KEPT = 64

local patterns_kept, patterns_count = {}, 0

local function patterns_of(context)
  local id = context:get("id")
  local known = patterns_kept[id]
  if not known then
    if patterns_count >= TABLES_KEPT then
      patterns_kept, patterns_count = {}, 0
    end
    sethook(overrun, "", TABLE_BUDGET)
    local take = reader(context:get("table"))
    known = { strict = take() == "1" }
    for index = 1, tonumber(take()) do
      known[index] = read_pattern(take())
    end
    sethook(overrun, "", BUDGET)
    patterns_kept[id], patterns_count = known, patterns_count + 1
  end
  return known
end

-- Why a target must not pass, or nil.
local function refused(target, patterns)
  return refused_target(target, patterns.strict)
    or patterns.strict and is_torn(patterns, target) and "path_ambiguous" or nil
end

-- 16 hex digits of this worker's own, drawn once: drawing anew for each request costs more than all else about traces.
local worker = ""
do
  local random = assert(io.open("/dev/urandom", "rb"))
  for _ = 1, 8 do
    worker = worker .. format("%02x", byte(random:read(1)))
  end
  random:close()
end

local traces, second, stem = 0, nil, nil

-- 1-{8 hex time}-{24 hex}, which nobody else makes: this worker's digits, and a count.
local function fresh_trace()
  local now = os.time()
  if now ~= second then
    second, stem = now, format("1-%08x-%s", now, worker)
  end
  traces = (traces + 1) % 4294967296
  return stem .. format("%08x", traces)
end

-- Root=1-{8 hex time}-{24 hex}, or Self before the Root that came; an older Self goes (load-balancers.md section 6).
local function traced(given)
  local fresh = fresh_trace()
  if not given or #given > 512 then
    return "Root=" .. fresh
  end
  local fields, count, has_root, at = {}, 0, false, 1
  while at <= #given do
    local stop = find(given, ";", at, true) or #given + 1
    while byte(given, at) == 32 do
      at = at + 1
    end
    local field = sub(given, at, stop - 1)
    if field ~= "" and sub(field, 1, 5) ~= "Self=" then
      count = count + 1
      fields[count] = field
      has_root = has_root or sub(field, 1, 5) == "Root="
    end
    at = stop + 1
  end
  local rest = concat(fields, ";")
  return (has_root and "Self=" or "Root=") .. fresh .. (rest ~= "" and ";" or "") .. rest
end

-- Answers with the balancer's own page.
function answer_page(h, status, reason, why)
  sethook()
  h:streamInfo():dynamicMetadata():set(NAMESPACE, WHY, why)
  local title = status .. " " .. reason
  return h:respond({ [":status"] = status, ["content-type"] = "text/html", server = "awselb/2.0" },
    "<html>\r\n<head><title>" .. title .. "</title></head>\r\n<body>\r\n" ..
    "<center><h1>" .. title .. "</h1></center>\r\n</body>\r\n</html>\r\n")
end

-- Whether one of so many bytes of headers is larger than a balancer takes; none is asked while all of them are not.
local function has_large_header(headers, bytes)
  if bytes > HEADER_LIMIT then
    for name, value in pairs(headers) do
      if #name + #value > HEADER_LIMIT then
        return true
      end
    end
  end
  return false
end

local function serve(h)
  local headers, info = h:headers(), h:streamInfo()
  local id, protocol = headers:get(REQUEST_ID_HEADER), info:protocol()
  local target, coded = headers:get(":path"), byte(id, CODED_AT) > 57 -- no digit
  if not target then
    return -- a CONNECT: no route takes it
  elseif #target > TARGET_LIMIT then
    return answer_page(h, "414", "Request-URI Too Large", "url_length")
  elseif has_large_header(headers, tonumber(sub(id, coded and CODED_AT + 1 or CODED_AT))) then
    return answer_page(h, "400", "Bad Request", "header_length")
  elseif protocol == "HTTP/2" and has_loose_value(headers) then
    return answer_page(h, "400", "Bad Request", "header_white_space")
  end
  local is_old = protocol == "HTTP/1.0"
  -- That has neither chunks nor upgrades: who believes in them sees other messages than a proxy that does not (RFC 9112
  -- section 6.1).
  if is_old and (coded or headers:get("upgrade")) then
    return answer_page(h, "400", "Bad Request", "old_version")
  end
  local hostless = is_old and headers:get(":authority") == NO_HOST
  local trace = headers:get("x-amzn-trace-id")
  if trace then
    headers:replace("x-amzn-trace-id", traced(trace))
  else
    headers:add("x-amzn-trace-id", traced(nil)) -- cheaper
  end
  local route = info:routeName() or ""
  if route == UNUSUAL then
    local why = refused(target, patterns_of(h:filterContext()))
    if why then
      info:dynamicMetadata():set(NAMESPACE, WHY, why) -- the route answers 400
      return
    end
    info:dynamicMetadata():set(NAMESPACE, JUDGED, "1")
    h:clearRouteCache()
    route = nil -- another one by now, whose name is not told before somebody asks for it
  end
  local login
  if not route or sub(route, -#CLOSED) == CLOSED then -- others ask nothing; reading what they tell would be dear
    login = login_of(h, route)
  end
  if login and hostless then
    return answer_page(h, "401", "Authorization Required", "login_host")
  elseif login then
    return judge_login(h, login)
  elseif hostless then
    headers:replace(":authority", without_port(info:downstreamLocalAddress()))
  end
end

function envoy_on_request(h)
  sethook(overrun, "", BUDGET)
  local ok, problem = pcall(serve, h)
  sethook()
  if not ok then
    h:logErr("balancer.lua: " .. tostring(problem))
    if h:streamInfo():routeName() ~= UNUSUAL then
      return answer_page(h, "500", "Internal Server Error", "script")
    end
    h:streamInfo():dynamicMetadata():set(NAMESPACE, WHY, "script") -- the route answers 400
  end
end

room_for_garbage()
