-- Mapping: what the request to the backend is made of (api-gateway.md section 7).

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

-- The parameters of a query: name to values, decoded, in order. `;` separates as `&` does. The next separators
-- are looked for once each, so that the work grows with the query's length and not with its square.
local function parse_query(query)
  local parsed, at, last = {}, 1, #query + 1
  local ampersand, semicolon, equals = 0, 0, 0
  while at < last do
    if ampersand < at then
      ampersand = find(query, "&", at, true) or last
    end
    if semicolon < at then
      semicolon = find(query, ";", at, true) or last
    end
    if equals < at then
      equals = find(query, "=", at, true) or last
    end
    local stop = ampersand < semicolon and ampersand or semicolon
    local key_end = equals < stop and equals or stop
    local key = decode(sub(query, at, key_end - 1), true)
    if key and stop > at then
      local value = sub(query, key_end + 1, stop - 1)
      local values = parsed[key]
      if not values then
        values = {}
        parsed[key] = values
      end
      values[#values + 1] = decode(value, true) or value
    end
    at = stop + 1
  end
  return parsed
end

local NONE = {}

local function query_values(r, name)
  if not r.parsed_query then
    r.parsed_query = parse_query(r.query)
  end
  local values = r.parsed_query[name] or NONE
  return values, #values
end

local function source_ip(h)
  local address = h:streamInfo():downstreamRemoteAddress()
  if sub(address, 1, 1) == "[" then
    return sub(address, 2, (find(address, "]", 1, true) or 1) - 1)
  end
  return sub(address, 1, (find(address, ":", 1, true) or #address + 1) - 1)
end

-- The context variables that differ from request to request; the others are literals by now.
local CONTEXT = {
  requestId = function(r) return r.rid end,
  extendedRequestId = function(r) return sub(r.rid, 1, 15) .. "=" end,
  ["identity.sourceIp"] = function(r) return source_ip(r.h) end,
  ["identity.userAgent"] = function(r) return r.headers:get("user-agent") end,
  ["identity.apiKey"] = function(r) return r.api_key end,
  ["identity.apiKeyId"] = function(r) return r.api_key_id end,
  requestTime = function() return os.date("!%d/%b/%Y:%H:%M:%S +0000") end,
  requestTimeEpoch = function(r) return tostring(r.h:timestamp()) end,
  path = function(r) return r.full_path end,
  httpMethod = function(r) return r.method end,
  protocol = function(r) return r.h:streamInfo():protocol() end,
  domainName = function(r) return r.domain end,
  domainPrefix = function(r)
    return sub(r.domain, 1, (find(r.domain, ".", 1, true) or #r.domain + 1) - 1)
  end,
  xrayTraceId = function(r) return r.trace_id end,
  resourcePath = function(r) return r.template end,
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
  if kind == "literal" or kind == "ours" then
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
    local values, count = query_values(r, argument)
    return values[count]
  elseif kind == "queries" then
    local values, count = query_values(r, argument)
    return count > 0 and concat(values, ",") or nil
  elseif kind == "context" then
    return CONTEXT[argument](r)
  elseif kind == "authorizer" then
    return r.decision.context[argument]
  elseif kind == "body" then
    return r.bodies[argument]
  elseif kind == "unknown" then
    return nil
  end
  error("unknown source")
end

-- A captured segment stays as its bytes are, but in a query it must not end its parameter.
local IN_QUERY = { [35] = "%23", [38] = "%26", [43] = "%2B", [59] = "%3B", [61] = "%3D" }

local function within_parameter(text)
  local out = {}
  for index = 1, #text do
    local c = byte(text, index)
    out[index] = IN_QUERY[c] or char(c)
  end
  return concat(out)
end

-- Whether the definition's own text in a path holds none of the bytes that no path may have; asked once a method.
local function has_clean_text(method)
  if method.clean_text == nil then
    method.clean_text = true
    for index = 1, #method.path do
      local source = method.path[index]
      if source.kind == "literal" and forbidden_byte(source.argument, false) then
        method.clean_text = false
      end
    end
  end
  return method.clean_text
end

-- A path from the definition's own text and captured segments stays as the bytes are; anything that a client
-- chose elsewhere (query, header) is encoded, so that it cannot add a segment, a query or a host, and must not
-- have a form that a path may not have either. Nil when it has.
local function mapped_path(method, r)
  local out, in_query, written = {}, false, ""
  for index = 1, #method.path do
    local source = method.path[index]
    local kind = source.kind
    local value
    if kind == "absent" then
      value, written = "", source.argument -- of the source behind it: a `{name}` without a value stays
    else
      value = value_of(source, r)
    end
    if not value then
      value = written
    elseif kind == "literal" or kind == "absent" then
      in_query = in_query or find(value, "?", 1, true) ~= nil
    elseif kind == "segment" or kind == "greedy" then
      value = in_query and within_parameter(value) or value
    elseif not in_query and forbidden_form("/" .. value, false) then
      return nil
    else
      value = encode(value)
    end
    out[index] = value
  end
  local path = concat(out)
  local question = find(path, "?", 1, true)
  if #out > 1 then
    local whole = question and sub(path, 1, question - 1) or path
    -- Segments of a path of the usual form, and what is encoded, have no such byte.
    if not (r.plain and has_clean_text(method)) and forbidden_byte(whole, false) then
      return nil
    elseif dot_segment(whole) then
      return nil -- as a whole: an empty value after `/.` makes a dot segment
    end
  end
  return path
end

-- Sources of which the gateway speaks, and nobody else: what a client says under the name is taken away.
local OURS = { context = true, authorizer = true, unknown = true, ours = true }

-- What backends of all kinds take for the same parameter: `User`, ` user`, `user[]`, `user%00x`.
local function folded(name)
  name = lower(decode(name, true) or name)
  local first = 1
  while byte(name, first) == 32 do
    first = first + 1
  end
  for index = first, #name do
    local c = byte(name, index)
    if c == 91 or c == 46 or c == 0 or c == 32 then
      return sub(name, first, index - 1)
    end
  end
  return sub(name, first)
end

-- A query without the parameters of a name, in every spelling; the other bytes as they are.
local function without_parameter(query, name)
  name = folded(name)
  local kept, at, last = {}, 1, #query + 1
  local ampersand, semicolon = 0, 0
  while at <= last do
    if ampersand < at then
      ampersand = find(query, "&", at, true) or last
    end
    if semicolon < at then
      semicolon = find(query, ";", at, true) or last
    end
    local stop = ampersand < semicolon and ampersand or semicolon
    local part = sub(query, at, stop - 1)
    local key = sub(part, 1, (find(part, "=", 1, true) or #part + 1) - 1)
    if folded(key) ~= name then
      kept[#kept + 1] = part
    end
    at = stop + 1
  end
  return concat(kept, "&")
end

local function mapped_query(method, r, path)
  local query = r.query
  local parts, count = {}, 0
  for index = 1, #method.query do
    local mapping = method.query[index]
    local values, found
    if OURS[mapping.source.kind] then
      query = without_parameter(query, mapping.name)
    end
    if mapping.source.kind == "queries" then
      values, found = query_values(r, mapping.source.argument)
    else
      values = { value_of(mapping.source, r) }
      found = #values
    end
    for number = 1, found do
      count = count + 1
      parts[count] = encode(mapping.name) .. "=" .. encode(values[number])
    end
  end
  if query ~= "" then
    path = path .. (find(path, "?", 1, true) and "&" or "?") .. query
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
      if find(given, "Parent=", 1, true) then
      return given
    end
    local sampled = find(given, "Sampled=", 1, true) and "" or ";Sampled=0"
    return given .. trace_parent .. count .. sampled
  end
  return trace_root .. count .. trace_parent .. count .. ";Sampled=0"
end

-- What a balancer's listener adds of its own, in place of another balancer's (load-balancers.md section 6).
local function self_of(trace, rid)
  local at = find(trace, "Self=", 1, true)
  if at then
    local stop = find(trace, ";", at, true)
    trace = sub(trace, 1, at - 1) .. (stop and sub(trace, stop + 1) or "")
  end
  return format("Self=1-%08x-%s%s%s;", trace_second, sub(rid, 29, 36), sub(rid, 1, 8), format("%08x", trace_count))
    .. trace
end

-- Whether a path can be read in more ways than one.
local function has_readings(path)
  return find(path, "%", 1, true) or find(path, ";", 1, true) or find(path, "//", 1, true)
end

-- Sources whose values were decoded; those of all others hold only bytes that a header or path may hold, or were
-- looked at by the host.
local DECODED = { query = true, queries = true, body = true }

-- What depends on the request: the path, and the values of headers; nothing when the request was refused. The request
-- is as it was, so that it can be decided anew.
local function mapped(r, method)
  local path = mapped_path(method, r)
  if not path then
    return answer(r, "BAD_REQUEST", "mapped_dot_segment")
  elseif #method.patterns > 0 and entry.strict and has_readings(path) and is_torn(method.patterns, path) then
    return answer(r, "BAD_REQUEST", "path_ambiguous")
  end
  path = mapped_query(method, r, path)
  local values = {}
  for index = 1, #method.headers do
    local value = value_of(method.headers[index].source, r)
    local named = method.headers[index]
    local fits = named.name == ":authority" and is_authority or DECODED[named.source.kind] and is_header_text
    if value and fits and not fits(value) then
      return answer(r, "BAD_REQUEST", "mapped_header_bytes")
    end
    values[index] = value
  end
  return path, values
end

-- Makes the request what was mapped.
local function put_mapped(r, method, path, values)
  local headers = r.headers
  if method.authority ~= "" then
    headers:replace(":authority", method.authority) -- a mapped Host replaces it when there is one
  end
  for index = 1, #method.headers do
    local name = method.headers[index].name
    if values[index] and (values[index] ~= "" or name ~= ":authority") then
      headers:replace(name, values[index])
    elseif OURS[method.headers[index].source.kind] and name ~= ":authority" then
      headers:remove(name) -- what the gateway would say and cannot, the client does not say either
    end
  end
  headers:replace(":path", path)
end
