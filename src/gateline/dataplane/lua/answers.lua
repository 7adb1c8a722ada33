-- gateway.lua: what Envoy runs for every request. One static script; all that it knows comes as data.
--
-- 1. The Host header names an API, the first path segment a stage: together the scope (the entry table).
-- 2. The path and verb name a method of that stage (the stage table, a trie).
-- 3. The method's authorizer judges the caller, from what is remembered or from what the host answers.
-- 4. The request is mapped: path, query, headers, as the integration says.
-- 5. The route is named in filter state and the end mark is set.
--
-- Sealed (docs/decisions/0009-seal.md): everything runs inside pcall; no route leads anywhere without the end
-- mark, the filter state that this script sets last; the JIT is off so that the instruction budget stops any
-- loop; no Lua pattern ever sees text of a client; every loop over such text is bounded by its length.
--
-- Tables arrive as lists of netstrings (`5:hello`), written by compile/table.py.

jit.off()

local find, sub, byte, char = string.find, string.sub, string.byte, string.char
local format, lower, concat, tonumber = string.format, string.lower, table.concat, tonumber
local sethook, getinfo = debug.sethook, debug.getinfo

-- Shared with Python: dataplane/keys.py, compared by tests/dataplane/test_keys.py.
local NAMESPACE = "gl"
local WHY = "why"
local REQUEST = "request"
local ROUTE_STATE = "gl.route"
local ENTRY_SCOPE = "@entry"
local ACCEPT = "accept"
local REQUEST_ID_STATE = "gl.rid"
local SCOPE_HEADER = "x-gl-scope"
local REQUEST_ID_HEADER = "x-gl-rid"
local CALL_HEADER = "x-gl-call"
local ABSENT = "x-gl-absent"
local AUTHORIZER = "authorizer"
local THROTTLE = "throttle"
local TRANSFORMED = "gl.transformed"
local UNTRANSFORMED = "untransformed"
local HOST_CLUSTER = "host"
local FUNCTIONS_CLUSTER = "host functions"

local BUDGET = 2000000 -- Lua instructions that one request may take, from one wait to the next
local TABLE_BUDGET = 100000000 -- and that reading one table may take, once per version and worker
local URL_LIMIT = 10240 -- characters of path and query, as a regional API takes
local BODY_LIMIT = 10485760 -- bytes of a request body
local HOSTS_KEPT = 2048 -- authorities whose API is remembered
local SCOPES_KEPT = 1024 -- stages whose tables are remembered

-- Ends whatever runs. A pcall in between would swallow the error and go on, so the hook strikes again at the
-- next instruction, until only the outermost function is left.
local overrun
function overrun()
  if getinfo(2, "f").func == envoy_on_request then
    return sethook()
  end
  sethook(overrun, "", 1)
  error("the instruction budget of a request is used up")
end

-- Answers -------------------------------------------------------------------------------------------------

-- The answer of customised and built-in gateway responses alike; `headers` gain what stands on every answer.
local function respond(h, rid, why, headers, body)
  sethook()
  local info = h:streamInfo()
  info:dynamicMetadata():set(NAMESPACE, WHY, why)
  info:filterState():set(REQUEST_ID_STATE, "envoy.string", rid) -- for the request log
  headers["x-amzn-requestid"] = rid
  headers["x-amz-apigw-id"] = sub(rid, 1, 15) .. "="
  if sub(info:routeName() or "", -6) == " table" then
    -- A stage's table may stand on a route that could lead somewhere (compile/stage.py): Envoy would add headers of
    -- that, beside these.
    h:headers():replace(SCOPE_HEADER, ENTRY_SCOPE)
    h:clearRouteCache()
  end
  h:respond(headers, body)
end

-- What is answered before a stage is known, and what is nobody's gateway response; see gateway_responses.lua for
-- all others.
local function refuse(h, rid, status, body, error_type, why)
  return respond(h, rid, why, {
    [":status"] = status, ["content-type"] = "application/json", ["x-amzn-errortype"] = error_type,
  }, body)
end

local function forbidden(h, rid, why)
  return refuse(h, rid, "403", '{"message":"Forbidden"}', "ForbiddenException", why)
end

local function bad_request(h, rid, why)
  return refuse(h, rid, "400", '{"message":"Bad Request"}', "BadRequestException", why)
end

local answer -- of a stage's own: gateway_responses.lua
