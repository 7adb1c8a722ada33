-- gateway.lua: what Envoy runs for every request. One static script; all that it knows comes as data.
--
-- 1. The Host header names an API, the first path segment a stage: together the scope (the entry table).
-- 2. The path and verb name a method of that stage (the stage table, a trie).
-- 3. The request is mapped: path, query, headers, as the integration says.
-- 4. The route is named in filter state and the end mark is set.
--
-- Sealed (docs/decisions/0009-seal.md): everything runs inside pcall; no route leads anywhere without the end
-- mark, the filter state that this script sets last; the JIT is off so that the instruction budget stops any
-- loop; no Lua pattern ever sees text of a client; every loop over such text is bounded by its length.
--
-- Tables arrive as lists of netstrings (`5:hello`), written by compile/table.py.

jit.off()

local find, sub, byte, char = string.find, string.sub, string.byte, string.char
local format, lower, concat, tonumber = string.format, string.lower, table.concat, tonumber
local sethook = debug.sethook

-- Shared with Python: dataplane/keys.py, compared by tests/dataplane/test_keys.py.
local NAMESPACE = "gl"
local WHY = "why"
local REQUEST = "request"
local ROUTE_STATE = "gl.route"
local REQUEST_ID_STATE = "gl.rid"
local SCOPE_HEADER = "x-gl-scope"
local REQUEST_ID_HEADER = "x-gl-rid"

local BUDGET = 2000000 -- Lua instructions that one request may take
local TABLE_BUDGET = 100000000 -- and that reading one table may take, once per version and worker
local URL_LIMIT = 10240 -- characters of path and query, as a regional API takes
local BODY_LIMIT = 10485760 -- bytes of a request body
local HOSTS_KEPT = 2048 -- authorities whose API is remembered
local SCOPES_KEPT = 1024 -- stages whose tables are remembered

local function overrun()
  sethook()
  error("the instruction budget of a request is used up")
end

-- Answers -------------------------------------------------------------------------------------------------

local function refuse(h, rid, status, body, error_type, why)
  sethook()
  h:streamInfo():dynamicMetadata():set(NAMESPACE, WHY, why)
  h:respond({
    [":status"] = status,
    ["content-type"] = "application/json",
    ["x-amzn-requestid"] = rid,
    ["x-amz-apigw-id"] = sub(rid, 1, 15) .. "=",
    ["x-amzn-errortype"] = error_type,
  }, body)
end

local function forbidden(h, rid, why)
  return refuse(h, rid, "403", '{"message":"Forbidden"}', "ForbiddenException", why)
end

local function bad_request(h, rid, why)
  return refuse(h, rid, "400", '{"message":"Bad Request"}', "BadRequestException", why)
end

-- Tables --------------------------------------------------------------------------------------------------

-- A reader of netstrings: each call answers the next string.
local function reader(text)
  local at = 1
  return function()
    local colon = find(text, ":", at, true)
    local length = tonumber(sub(text, at, colon - 1))
    at = colon + length + 1
    return sub(text, colon + 1, colon + length)
  end
end

local function read_entry(text)
  local take = reader(text)
  local entry = {
    default = take(), loopback = take() == "1", strict = take() == "1", logged = take() == "1",
    exact = {}, apis = {}, seen = {}, count = 0,
  }
  for _ = 1, tonumber(take()) do
    local host = take()
    entry.exact[host] = take()
  end
  for _ = 1, tonumber(take()) do
    local name = take()
    local api = { execute = take() == "1", stages = {} }
    for _ = 1, tonumber(take()) do
      local stage = take()
      api.stages[stage] = { scope = name .. "/" .. stage, id = take() }
    end
    entry.apis[name] = api
  end
  return entry
end

local function new_node()
  return { static = {} }
end

-- Puts a method where its path template ends; templates are ours, so `find` may walk them freely. Resources
-- without a parameter are also kept by their whole path: nothing is more specific.
local function plant(stage, template, method, record)
  local node, at, static = stage.root, 2, true
  while at <= #template do
    local slash = find(template, "/", at, true) or #template + 1
    local segment = sub(template, at, slash - 1)
    if sub(segment, 1, 1) == "{" then
      static = false
      if sub(segment, -2) == "+}" then
        node.greedy = node.greedy or {}
        node.greedy[method] = record
        return
      end
      node.parameter = node.parameter or new_node()
      node = node.parameter
    else
      local child = node.static[segment]
      if not child then
        child = new_node()
        node.static[segment] = child
      end
      node = child
    end
    at = slash + 1
  end
  node.methods = node.methods or {}
  node.methods[method] = record
  if static then
    stage.static[template] = node.methods
  end
end

local function read_stage(text)
  sethook(overrun, "", TABLE_BUDGET)
  local take = reader(text)
  local stage = { root = new_node(), static = {}, depth = tonumber(take()) }
  for _ = 1, tonumber(take()) do
    local template, method, details = take(), take(), take()
    plant(stage, template, method, { details = details })
  end
  sethook(overrun, "", BUDGET)
  return stage
end

-- A source is a pair: its kind, one letter, and an argument.
local function read_source(take)
  local kind, argument = take(), take()
  if kind == "segment" or kind == "greedy" then
    argument = tonumber(argument)
  end
  return { kind = kind, argument = argument }
end

local function read_named_sources(take)
  local list = {}
  for index = 1, tonumber(take()) do
    local name = take()
    list[index] = { name = name, source = read_source(take) }
  end
  return list
end

-- The details of a method are read when it is first asked for.
local function read_method(record)
  local take = reader(record.details)
  record.kind = take()
  record.route = take()
  if record.kind == "error" then
    record.status, record.body, record.error_type, record.why = take(), take(), take(), take()
  elseif record.kind == "mock" then
    record.passthrough = take()
    record.media_types = {}
    for _ = 1, tonumber(take()) do
      record.media_types[take()] = true
    end
  else
    record.method = take()
    record.path = {}
    for index = 1, tonumber(take()) do
      record.path[index] = read_source(take)
    end
    record.query = read_named_sources(take)
    record.headers = read_named_sources(take)
    if #record.path == 1 and #record.query == 0 and #record.headers == 0 and record.path[1].kind == "literal" then
      record.fixed_path = record.path[1].argument
    end
  end
  record.details = nil
end

local entry, entry_id
local stages, stage_count = {}, 0

-- The entry table comes with two ids that differ in a trailing `~`: with it, the path has an unusual form.
local function entry_table(context)
  local id = context:get("id")
  local plain = byte(id, #id) ~= 126
  if not plain then
    id = sub(id, 1, -2)
  end
  if id ~= entry_id then
    sethook(overrun, "", TABLE_BUDGET)
    entry = read_entry(context:get("table"))
    entry_id = id
    sethook(overrun, "", BUDGET)
  end
  return plain
end

-- The table of a stage, from the scope that is chosen now; kept by its id. The entry table names the id, so
-- that the scope is only asked when a table is new.
local function stage_table(reference, metadata)
  local kept = stages[reference.scope]
  if not kept or kept.id ~= reference.id then
    local id = metadata:get("id")
    if not id then
      return nil -- the scope is not there: it is on its way, or was just removed
    end
    if kept and kept.id == id then
      return kept -- the entry table is ahead of the scope, or behind it
    end
    if not kept then
      if stage_count >= SCOPES_KEPT then
        stages, stage_count = {}, 0
      end
      stage_count = stage_count + 1
    end
    kept = read_stage(metadata:get("table"))
    kept.id = id
    stages[reference.scope] = kept
  end
  if kept.id == reference.id then
    reference.table = kept
  end
  return kept
end

-- Hosts ---------------------------------------------------------------------------------------------------

local function hex_value(c)
  if not c then
    return nil
  elseif c >= 48 and c <= 57 then
    return c - 48
  elseif c >= 65 and c <= 70 then
    return c - 55
  elseif c >= 97 and c <= 102 then
    return c - 87
  end
  return nil
end

-- `[` and `]` around hex digits, colons and dots, or four groups of digits.
local function is_ip_literal(host)
  local first, last, groups, digits = 1, #host, 1, 0
  local bracketed = byte(host, 1) == 91 and byte(host, last) == 93
  if bracketed then
    first, last = 2, last - 1
  end
  for index = first, last do
    local c = byte(host, index)
    if bracketed then
      if c ~= 58 and c ~= 46 and not hex_value(c) then
        return false
      end
    elseif c == 46 then
      if digits == 0 then
        return false
      end
      groups, digits = groups + 1, 0
    elseif c < 48 or c > 57 or digits == 3 then
      return false
    else
      digits = digits + 1
    end
  end
  return bracketed and last > first or groups == 4 and digits > 0
end

local function is_port(text)
  for index = 1, #text do
    local c = byte(text, index)
    if c < 48 or c > 57 then
      return false
    end
  end
  return #text <= 5
end

-- The API that an authority names, and whether the name is a loopback name or an IP literal.
local function find_api(authority)
  local host = lower(authority)
  local host_end = sub(host, 1, 1) == "[" and find(host, "]", 1, true) or (find(host, ":", 1, true) or #host + 1) - 1
  local rest = sub(host, host_end + 1)
  if #authority > 255 or find(host, ",", 1, true) or rest ~= "" and (byte(rest, 1) ~= 58 or not is_port(sub(rest, 2))) then
    return { malformed = true } -- Envoy joins two Host headers with a comma
  end
  host = sub(host, 1, host_end)
  if sub(host, -1) == "." then
    host = sub(host, 1, -2)
  end
  local found = {}
  local dot = find(host, ".", 1, true)
  if entry.exact[host] then
    found.api = entry.apis[entry.exact[host]]
  elseif host == "localhost" or is_ip_literal(host) then
    found.api = entry.apis[entry.default]
    found.here = entry.loopback
  elseif dot then
    local domain = sub(host, dot + 1)
    if domain == "localhost" or sub(domain, 1, 12) == "execute-api." then
      found.api = entry.apis[sub(host, 1, dot - 1)]
      found.execute = true
    end
  end
  return found
end

local function api_of(authority)
  local found = entry.seen[authority]
  if not found then
    if entry.count >= HOSTS_KEPT then
      entry.seen, entry.count = {}, 0
    end
    found = find_api(authority)
    entry.seen[authority] = found
    entry.count = entry.count + 1
  end
  return found
end

-- Paths ---------------------------------------------------------------------------------------------------

-- Percent-decodes once; nil when malformed.
local function decode(text, plus_is_space)
  if not find(text, "%", 1, true) and not (plus_is_space and find(text, "+", 1, true)) then
    return text
  end
  local out, count, index = {}, 0, 1
  while index <= #text do
    local c = byte(text, index)
    if c == 37 then
      local high, low = hex_value(byte(text, index + 1)), hex_value(byte(text, index + 2))
      if not high or not low then
        return nil
      end
      c = high * 16 + low
      index = index + 2
    elseif c == 43 and plus_is_space then
      c = 32
    end
    count = count + 1
    out[count] = char(c)
    index = index + 1
  end
  return concat(out)
end

-- A lead byte and its first continuation byte that spell a character in more bytes than it needs: `%e0%80%af`.
local function is_overlong(lead, c)
  return c < 192 and (lead == 224 and c < 160 or lead == 240 and c < 144 or lead == 248 and c < 136
    or lead == 252 and c < 132)
end

-- Why a path (decoded or not) must not pass in any mode, or nil.
local function forbidden_form(path, is_raw)
  local previous = 0
  for index = 1, #path do
    local c = byte(path, index)
    if c < 32 or c == 127 then
      return "path_control_byte"
    elseif c == 92 then
      return "path_backslash"
    elseif c == 35 and is_raw then
      return "path_fragment"
    elseif c >= 128 and (c == 192 or c == 193 or is_overlong(previous, c)) then
      return "path_overlong_utf8"
    end
    previous = c
  end
  if find(path, "/.", 1, true) then
    local at = 1
    while at <= #path do
      local slash = find(path, "/", at, true) or #path + 1
      local semicolon = find(path, ";", at, true)
      local last = semicolon and semicolon < slash and semicolon - 1 or slash - 1
      local segment = sub(path, at, last)
      if segment == "." or segment == ".." then
        return "path_dot_segment"
      end
      at = slash + 1
    end
  end
  return nil
end

local function without_parameters(path)
  if not find(path, ";", 1, true) then
    return path
  end
  local out, count, at = {}, 0, 1
  while at <= #path do
    local slash = find(path, "/", at, true) or #path + 1
    local semicolon = find(path, ";", at, true)
    local last = semicolon and semicolon < slash and semicolon - 1 or slash - 1
    count = count + 1
    out[count] = sub(path, at, last)
    at = slash + 1
  end
  if byte(path, #path) == 47 then
    out[count + 1] = ""
  end
  return concat(out, "/")
end

local function merged(path)
  if not find(path, "//", 1, true) then
    return path
  end
  local out, count, previous = {}, 0, 0
  for index = 1, #path do
    local c = byte(path, index)
    if c ~= 47 or previous ~= 47 then
      count = count + 1
      out[count] = char(c)
    end
    previous = c
  end
  return concat(out)
end

-- Routing -------------------------------------------------------------------------------------------------

-- Splits a path into at most `depth` + 1 segments; `starts` holds where each begins. A trailing slash is not
-- a segment (api-gateway.md section 3).
local function split(path, depth)
  local segments, starts, count, at = {}, {}, 0, 2
  local length = #path
  if length > 1 and byte(path, length) == 47 then
    length = length - 1
  end
  while at <= length and count <= depth do
    local slash = find(path, "/", at, true)
    if not slash or slash > length then
      slash = length + 1
    end
    count = count + 1
    segments[count] = sub(path, at, slash - 1)
    starts[count] = at
    at = slash + 1
    if at == length + 1 then -- an inner `//` before the end: one empty segment more
      count = count + 1
      segments[count] = ""
      starts[count] = at
    end
  end
  return segments, starts, count, length
end

-- What ANY stands for; another verb needs a method of its own.
local VERBS = { GET = true, HEAD = true, OPTIONS = true, PATCH = true, POST = true, PUT = true, DELETE = true }

local function of_verb(methods, method)
  return methods[method] or VERBS[method] and methods.ANY or nil
end

-- Static before {parameter} before {greedy+}; a resource without the verb is not the end of the search.
-- Visits a trie node at most once for a depth, so its work is bounded by the definition.
local function descend(node, segments, starts, index, count, last_byte, method)
  if index > count then
    local methods = node.methods
    return methods and of_verb(methods, method)
  end
  local segment = segments[index]
  local child = node.static[segment]
  local found
  if child then
    found = descend(child, segments, starts, index + 1, count, last_byte, method)
    if found then
      return found
    end
  end
  if node.parameter and segment ~= "" then
    found = descend(node.parameter, segments, starts, index + 1, count, last_byte, method)
    if found then
      return found
    end
  end
  local greedy = node.greedy
  if greedy and starts[index] <= last_byte then -- at least one segment that is not empty
    return of_verb(greedy, method)
  end
  return nil
end

local function method_at(stage, path, method)
  local static = stage.static[path]
  local found = static and of_verb(static, method)
  if found then
    return found
  end
  local segments, starts, count, length = split(path, stage.depth)
  local last_byte = length
  while byte(path, last_byte) == 47 do
    last_byte = last_byte - 1
  end
  return descend(stage.root, segments, starts, 1, count, last_byte, method), segments, starts, length
end

-- In strict mode: does any reading of the path that a backend may have select another method, or is it a form
-- that no path may have? A reading decodes (at most twice), strips `;` parameters and merges slashes, in any order.
local READINGS = 24

local function is_ambiguous(stage, path, method, chosen)
  local readings, times, count, seen = { path }, { 0 }, 1, { [path] = true }
  local function add(reading, decoded)
    if reading and not seen[reading] and count < READINGS then
      seen[reading] = true
      count = count + 1
      readings[count], times[count] = reading, decoded
    end
  end
  local at = 1
  while at <= count do
    local reading, decoded = readings[at], times[at]
    if at > 1 then
      local other = method_at(stage, reading, method)
      if other and other ~= chosen or decoded > 0 and forbidden_form(reading, false) then
        return true
      end
    end
    add(without_parameters(reading), decoded)
    add(merged(reading), decoded)
    if decoded < 2 then
      add(decode(reading), decoded + 1)
    end
    at = at + 1
  end
  return false
end

-- Mapping -------------------------------------------------------------------------------------------------

local UNRESERVED = {}
for c = 0, 255 do
  local letter = char(c)
  local plain = (c >= 48 and c <= 57) or (c >= 65 and c <= 90) or (c >= 97 and c <= 122)
    or c == 45 or c == 46 or c == 95 or c == 126
  UNRESERVED[c] = plain and letter or format("%%%02X", c)
end

local function encode(text)
  local out = {}
  for index = 1, #text do
    out[index] = UNRESERVED[byte(text, index)]
  end
  return concat(out)
end

-- All values of a query parameter, decoded, in order. `;` separates as `&` does.
local function query_values(query, name)
  local values, count, at = {}, 0, 1
  while at <= #query do
    local stop = find(query, "&", at, true) or #query + 1
    local semicolon = find(query, ";", at, true)
    if semicolon and semicolon < stop then
      stop = semicolon
    end
    local equals = find(query, "=", at, true)
    local key_end = equals and equals < stop and equals - 1 or stop - 1
    local key = decode(sub(query, at, key_end), true)
    if key == name then
      count = count + 1
      values[count] = decode(sub(query, key_end + 2, stop - 1), true) or sub(query, key_end + 2, stop - 1)
    end
    at = stop + 1
  end
  return values, count
end

local function source_ip(h)
  local address = h:streamInfo():downstreamRemoteAddress()
  if sub(address, 1, 1) == "[" then
    return sub(address, 2, (find(address, "]", 1, true) or 1) - 1)
  end
  return sub(address, 1, (find(address, ":", 1, true) or #address + 1) - 1)
end

local function without_port(authority)
  local colon = find(authority, ":", (find(authority, "]", 1, true) or 1), true)
  return colon and sub(authority, 1, colon - 1) or authority
end

-- The context variables that differ from request to request; the others are literals by now.
local CONTEXT = {
  requestId = function(r) return r.rid end,
  extendedRequestId = function(r) return sub(r.rid, 1, 15) .. "=" end,
  ["identity.sourceIp"] = function(r) return source_ip(r.h) end,
  ["identity.userAgent"] = function(r) return r.headers:get("user-agent") end,
  requestTime = function() return os.date("!%d/%b/%Y:%H:%M:%S +0000") end,
  requestTimeEpoch = function(r) return tostring(r.h:timestamp()) end,
  path = function(r) return r.full_path end,
  httpMethod = function(r) return r.method end,
  protocol = function(r) return r.h:streamInfo():protocol() end,
  domainName = function(r) return without_port(r.authority) end,
  domainPrefix = function(r)
    local name = without_port(r.authority)
    return sub(name, 1, (find(name, ".", 1, true) or #name + 1) - 1)
  end,
  xrayTraceId = function(r) return r.trace_id end,
}

local function header_values(headers, name)
  local count = headers:getNumValues(name)
  local values = {}
  for index = 1, count do
    values[index] = headers:getAtIndex(name, index - 1)
  end
  return values, count
end

-- The text of a source, or nil when the request does not have it.
local function value_of(source, r)
  local kind, argument = source.kind, source.argument
  if kind == "literal" then
    return argument
  elseif kind == "segment" then
    return r.segments[argument]
  elseif kind == "greedy" then
    return sub(r.path, r.starts[argument], r.length)
  elseif kind == "header" then
    local values, count = header_values(r.headers, argument)
    return values[count]
  elseif kind == "headers" then
    local values, count = header_values(r.headers, argument)
    return count > 0 and concat(values, ",") or nil
  elseif kind == "query" then
    local values, count = query_values(r.query, argument)
    return values[count]
  elseif kind == "queries" then
    local values, count = query_values(r.query, argument)
    return count > 0 and concat(values, ",") or nil
  elseif kind == "context" then
    return CONTEXT[argument](r)
  end
  error("unknown source")
end

-- A path from the definition's own text and captured segments stays as the bytes are; anything that a client
-- chose elsewhere (query, header) is encoded, so that it cannot add a segment, a query or a host.
local function mapped_path(method, r)
  local out = {}
  for index = 1, #method.path do
    local source = method.path[index]
    local value = value_of(source, r) or ""
    local kind = source.kind
    if kind ~= "literal" and kind ~= "segment" and kind ~= "greedy" then
      if value == "." or value == ".." then
        return nil
      end
      value = encode(value)
    end
    out[index] = value
  end
  return concat(out)
end

local function mapped_query(method, r, path)
  local parts, count = {}, 0
  for index = 1, #method.query do
    local mapping = method.query[index]
    local values, found
    if mapping.source.kind == "queries" then
      values, found = query_values(r.query, mapping.source.argument)
    else
      values = { value_of(mapping.source, r) }
      found = #values
    end
    for number = 1, found do
      count = count + 1
      parts[count] = encode(mapping.name) .. "=" .. encode(values[number])
    end
  end
  if r.query ~= "" then
    path = path .. (find(path, "?", 1, true) and "&" or "?") .. r.query
  end
  if count > 0 then
    path = path .. (find(path, "?", 1, true) and "&" or "?") .. concat(parts, "&")
  end
  return path
end

-- A header value that came decoded out of a query may hold bytes that no header may.
local function is_header_text(value)
  for index = 1, #value do
    local c = byte(value, index)
    if c < 32 and c ~= 9 or c == 127 then
      return false
    end
  end
  return true
end

-- Root=1-{8 hex time}-{24 hex};Parent={16 hex};Sampled=0 (api-gateway.md section 9). The hex digits are those
-- of a request id, anew each second and worker, and a count.
local trace_second, trace_root, trace_parent, trace_count = 0, "", "", 0

local function trace_id(headers, rid)
  local now = os.time()
  if now ~= trace_second then
    trace_second, trace_count = now, 0
    trace_root = format("Root=1-%08x-%s%s", now, sub(rid, 1, 8), sub(rid, 29, 36))
    trace_parent = ";Parent=" .. sub(rid, 25, 28) .. sub(rid, 10, 13)
  end
  trace_count = trace_count + 1
  local given = headers:get("x-amzn-trace-id")
  local count = format("%08x", trace_count)
  if given and #given <= 512 and find(given, "Root=", 1, true) then
    return find(given, "Parent=", 1, true) and given or given .. trace_parent .. count
  end
  return trace_root .. count .. trace_parent .. count .. ";Sampled=0"
end

-- Maps what depends on the request; true, or nothing when the request was refused.
local function map(r, method)
  local headers = r.headers
  local path = mapped_path(method, r)
  if not path then
    return bad_request(r.h, r.rid, "mapped_dot_segment")
  end
  path = mapped_query(method, r, path)
  local values = {}
  for index = 1, #method.headers do
    local value = value_of(method.headers[index].source, r)
    if value and not is_header_text(value) then
      return bad_request(r.h, r.rid, "mapped_header_bytes")
    end
    values[index] = value
  end
  for index = 1, #method.headers do
    if values[index] then
      headers:replace(method.headers[index].name, values[index])
    end
  end
  headers:replace(":path", path)
  return true
end

-- A mock whose template does not fit the body's media type (api-gateway.md sections 8 and 19).
local function mock_accepts(h, headers, rid, method)
  local content_type = headers:get("content-type") or "application/json"
  local semicolon = find(content_type, ";", 1, true)
  local media_type = lower(semicolon and sub(content_type, 1, semicolon - 1) or content_type)
  while sub(media_type, -1) == " " do
    media_type = sub(media_type, 1, -2)
  end
  if method.media_types[media_type] or method.media_types["$default"] then
    return true
  end
  if method.passthrough == "when_no_match" then
    return refuse(h, rid, "500", '{"message": "Internal server error"}', "InternalServerErrorException",
      "mock_without_status")
  end
  return refuse(h, rid, "415", '{"message": "Unsupported Media Type"}', "BadRequestException", "media_type")
end

-- The request -----------------------------------------------------------------------------------------------

-- Cuts the stage off the path: answers the stage, where the rest begins, and whether the local form was used.
local function stage_of(path, found)
  local at = 1
  while byte(path, at + 1) == 47 do
    at = at + 1 -- `//prod/x` is `/prod/x`
  end
  local api = found.api
  if found.here and sub(path, at, at + 9) == "/restapis/" then
    local api_end = find(path, "/", at + 10, true)
    local stage_end = api_end and find(path, "/", api_end + 1, true)
    if not stage_end then
      return nil
    end
    local form = "_user_request_"
    local form_end = stage_end + #form
    local after = byte(path, form_end + 1)
    if sub(path, stage_end + 1, form_end) ~= form or (after and after ~= 47) then
      return nil
    end
    return entry.apis[sub(path, at + 10, api_end - 1)], sub(path, api_end + 1, stage_end - 1), form_end + 1, true
  end
  local stage_end = find(path, "/", at + 1, true) or #path + 1
  return api, sub(path, at + 1, stage_end - 1), stage_end
end

-- Envoy joins two Authorization headers with a comma: does a second scheme begin after one? Parameters of a
-- scheme have a `=` before any space; quoted text is skipped.
local function has_second_scheme(value)
  local quoted, after_comma, token = false, false, false
  for index = 1, #value do
    local c = byte(value, index)
    if quoted then
      quoted = c ~= 34
    elseif c == 34 then
      quoted, after_comma = true, false
    elseif c == 44 then
      if after_comma and token then
        return true
      end
      after_comma, token = true, false
    elseif c == 32 or c == 9 then
      if after_comma and token then
        return true
      end
    elseif c == 61 then
      after_comma = false
    else
      token = true
    end
  end
  return after_comma and token
end

-- What Envoy's own regular expression (compile/entry.py) did not know for a usual request.
local function refused_form(h, headers, rid, path, query)
  local content_length = headers:get("content-length")
  if content_length and #content_length > 7 and tonumber(content_length) > BODY_LIMIT then
    sethook()
    h:streamInfo():dynamicMetadata():set(NAMESPACE, WHY, "body_length")
    h:respond({ [":status"] = "413", ["content-type"] = "text; charset=utf-8" },
      "HTTP content length exceeded 10485760 bytes.")
    return true
  end
  local decoded = decode(path)
  local why = forbidden_form(path, true) or not decoded and "path_percent" or forbidden_form(decoded, false)
  if find(query, "#", 1, true) then
    why = "path_fragment"
  end
  local values, count = header_values(headers, "authorization")
  if count > 0 and has_second_scheme(concat(values, ",")) then
    why = "two_credentials"
  end
  if why then
    bad_request(h, rid, why)
    return true
  end
  return false
end

local function main(h)
  local headers = h:headers()
  local rid = headers:get(REQUEST_ID_HEADER)
  local authority, target, method = headers:get(":authority"), headers:get(":path"), headers:get(":method")
  if method == "TRACE" then
    return refuse(h, rid, "405", '{"message":"Method Not Allowed"}', "BadRequestException", "trace")
  elseif not target or byte(target, 1) ~= 47 or not authority then
    return bad_request(h, rid, "request_target")
  elseif #target > URL_LIMIT then
    return refuse(h, rid, "414", '{"message":"Request URI too long"}', "BadRequestException", "url_length")
  end
  local plain = entry_table(h:filterContext())
  local found = entry.seen[authority] or api_of(authority)
  if found.malformed then
    return bad_request(h, rid, "host")
  elseif not found.api and not found.here then
    return forbidden(h, rid, "host")
  end

  local question = find(target, "?", 1, true)
  local raw_path, query = target, ""
  if question then
    raw_path, query = sub(target, 1, question - 1), sub(target, question + 1)
  end
  if not plain and refused_form(h, headers, rid, raw_path, query) then
    return
  end
  local api, stage_name, rest_at, is_local_form = stage_of(raw_path, found)
  local reference = api and api.stages[stage_name]
  if not reference or (found.execute or is_local_form) and not api.execute then
    return forbidden(h, rid, "stage")
  end
  while byte(raw_path, rest_at + 1) == 47 do
    rest_at = rest_at + 1 -- `/prod//x` is `/prod/x`
  end
  local path = rest_at > #raw_path and "/" or sub(raw_path, rest_at)

  headers:replace(SCOPE_HEADER, reference.scope)
  local stage = reference.table
  if not stage then
    h:clearRouteCache()
    stage = stage_table(reference, h:metadata())
    if not stage then
      return forbidden(h, rid, "scope")
    end
  end
  local chosen, segments, starts, length = method_at(stage, path, method)
  if not chosen then
    return refuse(h, rid, "403", '{"message":"Missing Authentication Token"}',
      "MissingAuthenticationTokenException", "no_method")
  elseif not plain and entry.strict and is_ambiguous(stage, path, method, chosen) then
    return bad_request(h, rid, "path_ambiguous")
  end
  if chosen.details then
    read_method(chosen)
  end
  local kind = chosen.kind
  if kind == "proxy" then
    local trace = trace_id(headers, rid)
    headers:replace("x-amzn-trace-id", trace)
    if chosen.fixed_path and query == "" then
      headers:replace(":path", chosen.fixed_path)
    else
      local r = {
        h = h, headers = headers, rid = rid, authority = authority, method = method, path = path, query = query,
        segments = segments, starts = starts, length = length, full_path = raw_path, trace_id = trace,
      }
      if not map(r, chosen) then
        return
      end
    end
    -- A client's HEAD stays one: Envoy would pass the body of another verb's answer behind its back.
    if chosen.method ~= "" and method ~= "HEAD" then
      headers:replace(":method", chosen.method)
    end
  elseif kind == "mock" then
    if not mock_accepts(h, headers, rid, chosen) then
      return
    end
  else
    return refuse(h, rid, chosen.status, chosen.body, chosen.error_type, chosen.why)
  end

  local info = h:streamInfo()
  if entry.logged then
    info:dynamicMetadata():set(NAMESPACE, REQUEST, method .. " " .. raw_path)
  end
  local state = info:filterState()
  state:set(REQUEST_ID_STATE, "envoy.string", rid)
  state:set(ROUTE_STATE, "envoy.string", chosen.route) -- the end mark: no route without it
  h:clearRouteCache()
end

function envoy_on_request(h)
  sethook(overrun, "", BUDGET)
  local ok, problem = pcall(main, h)
  sethook()
  if not ok then
    h:logErr("gateway.lua: " .. tostring(problem))
    local rid = h:headers():get(REQUEST_ID_HEADER) or ""
    refuse(h, rid, "500", '{"message": "Internal server error"}', "InternalServerErrorException", "script")
  end
end
