-- Login: who the client of a rule is that asks for it (load-balancers.md sections 4 and 5).
--
-- Such a rule is more than one route. A request stands on the closed one, whose metadata says what to ask; the open
-- ones need filter state that only `let_in` writes, as its last act. Sessions and tokens that the host has found good
-- are remembered here, each until the host's word for it ends; without that the host is asked. Whatever fails, the
-- route stays closed.

local LOGIN = "login"
local LOGIN_STATE = "gl.login"
local DATA_STATE, IDENTITY_STATE, TOKEN_STATE = "gl.login.data", "gl.login.identity", "gl.login.token"
local COOKIE_STATE = "gl.login.cookie" -- and a number
local REFRESHED = " refreshed" -- behind the login's id: the client gets new cookies
local SHARDS = 4 -- cookies of one session, at most
local COOKIES_SET = 8 -- by a session that was refreshed, at most
local ERROR_REASON = "error_reason" -- dynamic metadata that the access log tells
local LOGIN_WAIT_MS = 30000 -- for the host, which bounds its questions to a provider itself
local LOGINS_KEPT = 512
local RECENT_KEPT = 4096 -- Cookie headers
local RECENT_BYTES = 16777216 -- of them, and of what was found by them

local answer_page -- balancer.lua

local sessions = new_store(12288, 50331648)
local logins_kept, logins_count = {}, 0
local NOBODY = {}

-- What the route asks on which the request stands; nil when it asks nothing. `route` is its name, which says which
-- metadata it has, or nil where that is not known.
local function login_of(h, route)
  local known = route and logins_kept[route]
  if known then
    return known
  end
  local text = h:metadata():get(LOGIN)
  if not text then
    return nil
  end
  local key = route or text
  known = logins_kept[key]
  if not known then
    if logins_count >= LOGINS_KEPT then
      logins_kept, logins_count = {}, 0
    end
    local take = reader(text)
    known = { id = take(), name = take(), kind = take(), unauthenticated = take(), cookie = take(), nonce = take() }
    known.prefix, known.refreshed = #known.id .. ":" .. known.id, known.id .. REFRESHED
    known.shards = {}
    for index = 1, SHARDS do
      known.shards[index] = known.cookie .. "-" .. (index - 1)
    end
    logins_kept[key], logins_count = known, logins_count + 1
  end
  return known
end

local function netstring(text)
  return #text .. ":" .. text
end

-- The first cookie of a name, as it stands; nil without one. Two Cookie headers are joined by a comma, so what is
-- behind it is a part of the cookie before it.
local function cookie_of(header, name)
  local sought, at = name .. "=", 1
  while true do
    local start, stop = find(header, sought, at, true)
    if not start then
      return nil
    end
    local before = start > 1 and byte(header, start - 1)
    if not before or before == 59 or before == 32 then
      return sub(header, stop + 1, (find(header, ";", stop + 1, true) or #header + 1) - 1)
    end
    at = stop + 1
  end
end

-- The cookies of the login's session, in order, as `name=value; name=value`; "" without the first one. That begins
-- with how many there are: what a client sends besides is not looked for, and makes no other session of it.
local function session_cookies(header, login)
  local first = cookie_of(header, login.shards[1])
  if not first then
    return ""
  end
  local found = login.shards[1] .. "=" .. first
  for index = 2, math.min(tonumber(sub(first, 1, 1)) or 1, SHARDS) do
    local name = login.shards[index]
    local value = cookie_of(header, name)
    if not value then
      break
    end
    found = found .. "; " .. name .. "=" .. value
  end
  return found
end

-- With the nonce behind it, which only the host has a use for.
local function with_nonce(header, login, cookies)
  local nonce = login.nonce ~= "" and cookie_of(header, login.nonce)
  if not nonce then
    return cookies
  end
  return cookies .. (cookies ~= "" and "; " or "") .. login.nonce .. "=" .. nonce
end

-- Sessions by whole Cookie headers that they came in, for a login and a host: found again without being read.
local recent, recent_count, recent_bytes = {}, 0, 0

local function remember_header(header, login, authority, node)
  local size = #header + node.size
  if recent_count >= RECENT_KEPT or recent_bytes + size > RECENT_BYTES then
    recent, recent_count, recent_bytes = {}, 0, 0
  end
  recent[header] = { login = login.prefix, authority = authority, decision = node.decision, node = node }
  recent_count, recent_bytes = recent_count + 1, recent_bytes + size
end

-- Lets the request on to one of the rule's open routes; `told` is what that tells the target and the client.
local function let_in(h, login, told)
  local state = h:streamInfo():filterState()
  if told.data then
    state:set(DATA_STATE, "envoy.string", told.data)
    state:set(IDENTITY_STATE, "envoy.string", told.identity)
    state:set(TOKEN_STATE, "envoy.string", told.token)
  end
  for index = 1, #told do
    state:set(COOKIE_STATE .. index, "envoy.string", told[index])
  end
  state:set(LOGIN_STATE, "envoy.string", told[1] and login.refreshed or login.id)
  h:clearRouteCache()
end

-- A header's value that the host tells; an error if it would end the header.
local function header_value(value)
  if find(value, "\n", 1, true) or find(value, "\r", 1, true) or find(value, "\0", 1, true) then
    error("a header's value with a line end")
  end
  return value
end

local function read_session(take)
  local reply = { expires = tonumber(take()) }
  local told = { data = header_value(take()), identity = header_value(take()), token = header_value(take()) }
  if told.data == "" then -- a token: it is the target's to read
    told.data = nil
  end
  local count = tonumber(take())
  if count > COOKIES_SET then
    error("more cookies than are set")
  end
  for index = 1, count do
    told[index] = header_value(take())
  end
  reply.told = told
  return reply
end

local function read_answer(take)
  local reply = { status = take(), reason = take(), headers = {} }
  for _ = 1, tonumber(take()) do
    local name, value = take(), header_value(take())
    local former = reply.headers[name]
    if former == nil then
      reply.headers[name] = value
    elseif type(former) == "table" then
      former[#former + 1] = value
    else
      reply.headers[name] = { former, value }
    end
  end
  reply.headers[":status"] = reply.status
  reply.headers.server = "awselb/2.0"
  reply.body = take()
  return reply
end

-- What the host answered; an error when it is anything but a whole answer.
local function read_login_reply(body)
  local take = reader(body)
  local kind = take()
  if kind == "1" then
    return read_session(take)
  elseif kind == "2" then
    return read_answer(take)
  elseif kind == "3" then
    return { expires = 0, told = NOBODY }
  end
  error("no answer")
end

-- An address of a connection, without its port.
local function without_port(address)
  if sub(address, 1, 1) == "[" then
    return sub(address, 2, (find(address, "]", 1, true) or 1) - 1)
  end
  return sub(address, 1, (find(address, ":", 1, true) or #address + 1) - 1)
end

-- Asks the host, and waits. Everything that Envoy lent before is dead afterwards.
local function ask_login(h, login, cookies, authorization)
  local headers = h:headers()
  local question = concat({
    netstring(login.name), netstring(login.kind), netstring(headers:get(":method")), netstring("https"),
    netstring(headers:get(":authority")), netstring(headers:get(":path")), netstring(cookies), netstring(authorization),
    netstring(headers:get("origin") or ""), netstring(headers:get("sec-fetch-mode") or ""),
    netstring(without_port(h:streamInfo():downstreamRemoteAddress())),
  })
  sethook()
  local head, body = h:httpCall(HOST_CLUSTER, {
    [":method"] = "POST", [":path"] = "/login", [":authority"] = HOST_CLUSTER,
  }, question, LOGIN_WAIT_MS)
  sethook(overrun, "", BUDGET)
  if head[":status"] ~= "200" then
    return nil
  end
  local read, reply = pcall(read_login_reply, body)
  return read and reply or nil, #body
end

-- What stands for the client: cookies of a session, or a token. Nil when there is nothing to judge, and the request
-- was answered or let in for that.
local function credentials(h, login)
  local headers = h:headers()
  if login.kind == "callback" then
    return "", with_nonce(headers:get("cookie") or "", login, ""), ""
  elseif login.kind == "jwt" then
    local authorization = headers:get("authorization") or ""
    if authorization == "" then
      return answer_page(h, "401", "Authorization Required", "login_missing")
    end
    return authorization, "", authorization
  end
  local header = headers:get("cookie") or ""
  local cookies = session_cookies(header, login)
  if cookies == "" and login.unauthenticated == "allow" then
    return let_in(h, login, NOBODY)
  elseif cookies == "" and login.unauthenticated == "deny" then
    return answer_page(h, "401", "Authorization Required", "login_missing")
  end
  return cookies, with_nonce(header, login, cookies), ""
end

-- The host that a session is for, as identity/session.py has it: its letters and its port make no other one.
local function host_of(authority)
  local at, last = #authority, 0
  repeat
    last, at = byte(authority, at) or 0, at - 1
  until last < 48 or last > 57
  local digits = #authority - at - 1
  return lower(last == 58 and digits >= 1 and digits <= 5 and sub(authority, 1, at) or authority)
end

-- The host has not answered, or not to what it was asked.
local function unhandled(h, why)
  h:streamInfo():dynamicMetadata():set(NAMESPACE, ERROR_REASON, "AuthUnhandledException")
  return answer_page(h, "500", "Internal Server Error", why)
end

-- Judges a request that stands on a closed route.
local function judge_login(h, login)
  local headers, now = h:headers(), h:timestamp()
  local authority = headers:get(":authority")
  local header = login.kind == "session" and headers:get("cookie")
  local seen = header and recent[header]
  if seen and seen.login == login.prefix and seen.authority == authority and seen.decision.expires > now then
    seen.node.used = true
    return let_in(h, login, seen.decision.told)
  end
  local key, cookies, authorization = credentials(h, login)
  if not key then
    return
  end
  local host = login.kind == "session" and host_of(authority) or "" -- a session is one host's
  key = login.prefix .. #host .. ":" .. host .. key
  local node = sessions.map[key]
  if node and node.decision.expires > now then
    node.used = true
    if header then
      remember_header(header, login, authority, node)
    end
    return let_in(h, login, node.decision.told)
  end
  local reply, size = ask_login(h, login, cookies, authorization)
  if not reply then
    return unhandled(h, "login_down")
  elseif reply.status then
    sethook()
    local told = h:streamInfo():dynamicMetadata()
    told:set(NAMESPACE, WHY, "login")
    if reply.reason ~= "" then
      told:set(NAMESPACE, ERROR_REASON, reply.reason)
    end
    return h:respond(reply.headers, reply.body)
  elseif login.kind == "callback" then
    return unhandled(h, "login_reply")
  end
  if reply.expires > h:timestamp() then
    put(sessions, key, reply, size)
    room_for_garbage()
  end
  return let_in(h, login, reply.told)
end
