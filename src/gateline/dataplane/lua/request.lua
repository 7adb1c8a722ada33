-- The request: the order in which all of it happens.

-- The stage that a path names at a host, where the rest of the path begins, and the base path mapping that was used.
local function stage_of(path, found)
  if found.domain then
    local mapping, rest_at = mapping_of(found.domain, path)
    return mapping and mapping.stage, rest_at, mapping
  end
  local at = byte(path, 2) == 47 and leading_slash(path) or 1
  if found.here and sub(path, at, at + 9) == "/restapis/" then
    local api_end = find(path, "/", at + 10, true)
    local stage_end = api_end and find(path, "/", api_end + 1, true)
    if not stage_end then
      return nil
    end
    local form = "_user_request_"
    local form_end = stage_end + #form
    local after = byte(path, form_end + 1)
    local api = entry.apis[sub(path, at + 10, api_end - 1)]
    if not api or not api.execute or sub(path, stage_end + 1, form_end) ~= form or (after and after ~= 47) then
      return nil
    end
    return api.stages[sub(path, api_end + 1, stage_end - 1)], form_end + 1
  end
  local stage_end = find(path, "/", at + 1, true) or #path + 1
  return found.stages[sub(path, at + 1, stage_end - 1)], stage_end
end

-- In strict mode: does any reading of the path begin with another base path? Those that begin with the same one
-- differ in the rest, which is_ambiguous judges: a base path has nothing that can be read twice.
local function has_other_mapping(domain, path, chosen)
  local readings, count, too_many = readings_of(path)
  for at = 2, too_many and 0 or count do
    local mapping = mapping_of(domain, readings[at])
    if mapping and mapping ~= chosen then
      return true
    end
  end
  return too_many
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
  return quoted or after_comma and token -- a quote that never ends may hide one
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

local ATTEMPTS = 3 -- at deciding a request while the configuration changes under it

local function function_call(r, method)
  local headers = r.headers
  headers:replace(CALL_HEADER, described(r, method))
  for _, name in ipairs({ "accept", "user-agent" }) do
    if not headers:get(name) then
      headers:replace(name, ABSENT) -- or Envoy would add one, and the function would take it for the client's
    end
  end
  headers:replace(":path", "/invoke")
  headers:replace(":authority", HOST_CLUSTER)
end

-- What authorizers, mappings and gateway responses may ask about a request of a stage. Made only for those that do,
-- and in one go: a table that grows costs as much again. `chosen` and what follows are of its method, if it has one.
local function told(h, headers, rid, authority, found, mapping, reference, stage, method, full_path, path, query, plain,
    trace, chosen, segments, starts, length)
  return {
    h = h, headers = headers, rid = rid, authority = authority, domain = found.name, method = method, path = path, query = query,
    segments = segments, starts = starts, length = length, full_path = full_path, trace_id = trace, plain = plain,
    scope = reference.scope, stage = stage, template = chosen and chosen.template, base_path = mapping and mapping.prefix or "",
    is_inspected = chosen and chosen.extras and (chosen.extras.inspects or chosen.extras.bound),
  }
end

local main
function main(h, attempt)
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
  local plain = entry_table(h, attempt == 1)
  if attempt == 1 and h:streamInfo():protocol() == "HTTP/2" and has_loose_value(headers) then
    return bad_request(h, rid, "header_white_space")
  end
  local found = entry.seen[authority] or host_of(authority)
  if entry.names_servers and not found.malformed and is_misdirected(h, found) then
    return refuse(h, rid, "421", '{"message":"Misdirected Request"}', "ForbiddenException", "server_name")
  elseif not found.known then
    if found.malformed then
      return bad_request(h, rid, "host")
    end
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
  local reference, rest_at, mapping = stage_of(raw_path, found)
  if not reference then
    return forbidden(h, rid, "stage")
  elseif mapping and not plain and entry.strict and has_other_mapping(found.domain, raw_path, mapping) then
    return bad_request(h, rid, "path_ambiguous")
  end
  while byte(raw_path, rest_at + 1) == 47 do
    rest_at = rest_at + 1 -- `/prod//x` is `/prod/x`
  end
  local path = rest_at > #raw_path and "/" or sub(raw_path, rest_at)
  if byte(raw_path, 2) == 47 then
    raw_path = sub(raw_path, leading_slash(raw_path)) -- `//prod/x` is told as `/prod/x`, and `/prod//x` as it is [R]
  end

  headers:replace(SCOPE_HEADER, reference.scope)
  local stage = attempt == 1 and reference.table
  if not stage then
    h:clearRouteCache()
    stage = stage_table(reference, h:metadata())
    if not stage then
      return forbidden(h, rid, "scope")
    end
  end
  local chosen, segments, starts, length = method_at(stage, path, method)
  if not chosen then
    local r = told(h, headers, rid, authority, found, mapping, reference, stage, method, raw_path, path, query, plain, "")
    return answer(r, "MISSING_AUTHENTICATION_TOKEN", "no_method")
  elseif not plain and entry.strict and is_ambiguous(stage, path, method, chosen) then
    local r = told(h, headers, rid, authority, found, mapping, reference, stage, method, raw_path, path, query, plain, "")
    return answer(r, "BAD_REQUEST", "path_ambiguous")
  end
  if chosen.details then
    read_method(chosen)
  end
  local kind = chosen.kind
  local is_told = chosen.authorizer > 0 or kind ~= "mock" and kind ~= "error"
  local trace = is_told and trace_id(headers, rid) or ""
  local refused, why
  if kind == "error" then
    refused, why = chosen.refused, chosen.why
  elseif kind == "mock" then
    refused, why = mock_refusal(headers, chosen)
  end
  local r
  if chosen.authorizer > 0 or refused or chosen.extras or stage.told or stage.policy ~= "" or kind == "function" or kind == "proxy" and not (chosen.fixed_path and query == "") then
    r = told(h, headers, rid, authority, found, mapping, reference, stage, method, raw_path, path, query, plain,
      trace, chosen, segments, starts, length)
  end
  if stage.policy ~= "" and not policy_allows(r, chosen.authorizer > 0) then
    return
  end
  if chosen.authorizer > 0 then
    local may_pass = authorize(r, reference, stage, chosen)
    if may_pass == nil and attempt < ATTEMPTS then
      return main(h, attempt + 1)
    elseif may_pass == nil then
      return answer(r, "AUTHORIZER_CONFIGURATION_ERROR", "changing")
    elseif not may_pass then
      return
    end
    headers = r.headers
  end
  if chosen.extras then
    local may_pass = meets(r, chosen)
    if may_pass == nil and attempt < ATTEMPTS then
      return main(h, attempt + 1)
    elseif may_pass == nil then
      return answer(r, "API_CONFIGURATION_ERROR", "changing")
    elseif not may_pass then
      return
    end
    headers = r.headers
  end
  if refused then
    return answer(r, refused, why)
  end
  if stage.told then
    tell_envoy(r)
  end
  if kind == "proxy" then
    local target, values = chosen.fixed_path, nil
    if not target or query ~= "" then
      target, values = mapped(r, chosen)
      if not target then
        return
      end
    end
    -- A client's HEAD stays one: Envoy would pass the body of another verb's answer behind its back.
    local verb = chosen.method ~= "" and method ~= "HEAD" and chosen.method or method
    local asserted = chosen.extras and chosen.extras.asserted ~= "" and chosen.extras.asserted
    local assertion
    if asserted then
      assertion = assertion_of(r, chosen.extras, verb, target)
      if assertion == nil and attempt < ATTEMPTS then
        return main(h, attempt + 1)
      elseif assertion == nil then
        return answer(r, "API_CONFIGURATION_ERROR", "changing")
      elseif not assertion then
        return
      end
      headers = r.headers
    end
    headers:replace("x-amzn-trace-id", chosen.balanced and self_of(trace, rid) or trace)
    if values then
      put_mapped(r, chosen, target, values)
    else
      headers:replace(":path", target)
    end
    if verb ~= method then
      headers:replace(":method", verb)
    end
    if asserted then
      headers:replace(asserted, assertion) -- the client's copies went before the script was asked
    end
  elseif kind == "function" then
    headers:replace("x-amzn-trace-id", trace)
    function_call(r, chosen)
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
  local ok, problem = pcall(main, h, 1)
  sethook()
  if not ok then
    h:logErr("gateway.lua: " .. tostring(problem))
    local rid = h:headers():get(REQUEST_ID_HEADER) or ""
    refuse(h, rid, "500", '{"message": "Internal server error"}', "InternalServerErrorException", "script")
  end
end
