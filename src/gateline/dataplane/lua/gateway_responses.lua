-- Gateway responses: what the gateway answers by itself once a stage is known, as the stage customises it
-- (api-gateway.md section 14). integrations/gateway_response.py says the same in Python.

local tell_envoy

do
  local SPACED, INTERNAL = '{"message": %s}', "InternalServerErrorException"
  local REFUSED, UNSURE = "BadRequestException", "AuthorizerConfigurationException"

  -- status, message (nil: null), error type, and the body's form where it is not the usual one. What is customised
  -- `as` another type: a function that can't be asked, and what Amazon has no answer for, which keeps its status.
  -- `body` is the whole of it, written once: a flood of refusals is to be cheap.
  local BUILT_IN = {
    ACCESS_DENIED = { "403", "User is not authorized to access this resource", "AccessDeniedException", '{"Message":%s}' },
    API_CONFIGURATION_ERROR = { "500", "Internal server error", INTERNAL, SPACED },
    AUTHORIZER_CONFIGURATION_ERROR = { "500", nil, UNSURE },
    BAD_REQUEST_BODY = { "400", "Invalid request body", REFUSED, SPACED },
    BAD_REQUEST_PARAMETERS = { "400", "Missing required request parameters", REFUSED, SPACED },
    INTEGRATION_FAILURE = { "504", "Network error communicating with endpoint", INTERNAL, SPACED },
    INTEGRATION_TIMEOUT = { "504", "Endpoint request timed out", INTERNAL, SPACED },
    INVALID_API_KEY = { "403", "Forbidden", "ForbiddenException" },
    MISSING_AUTHENTICATION_TOKEN = { "403", "Missing Authentication Token", "MissingAuthenticationTokenException" },
    QUOTA_EXCEEDED = { "429", "Limit Exceeded", "LimitExceededException" },
    THROTTLED = { "429", "Too Many Requests", "TooManyRequestsException" },
    UNAUTHORIZED = { "401", "Unauthorized", "UnauthorizedException" },
    UNSUPPORTED_MEDIA_TYPE = { "415", "Unsupported Media Type", REFUSED, SPACED },
    EXPLICIT_DENY = {
      "403", "User is not authorized to access this resource with an explicit deny", "AccessDeniedException",
      '{"Message":%s}', as = "ACCESS_DENIED",
    },
    FUNCTION_FAILURE = { "500", "Internal server error", INTERNAL, SPACED, as = "INTEGRATION_FAILURE" },
    BAD_REQUEST = { "400", "Bad Request", REFUSED, as = "DEFAULT_4XX" },
    URI_TOO_LONG = { "414", "Request URI too long", REFUSED, as = "DEFAULT_4XX" },
    NOT_IMPLEMENTED = { "501", "Not Implemented", "NotImplementedException", as = "DEFAULT_5XX" },
  }

  local ESCAPES = {}
  for c = 0, 31 do
    ESCAPES[c] = format("\\u%04x", c)
  end
  ESCAPES[8], ESCAPES[9], ESCAPES[10], ESCAPES[12], ESCAPES[13] = "\\b", "\\t", "\\n", "\\f", "\\r"
  ESCAPES[34], ESCAPES[92] = '\\"', "\\\\"

  local function quoted(text)
    local out = {}
    for index = 1, #text do
      local c = byte(text, index)
      out[index] = ESCAPES[c] or char(c)
    end
    return '"' .. concat(out) .. '"'
  end

  local function default_body(form, message)
    return format(form or '{"message":%s}', message and quoted(message) or "null")
  end

  for _, built_in in pairs(BUILT_IN) do
    built_in.body = default_body(built_in[4], built_in[2])
  end

  local function read_parts(take)
    local parts = {}
    for index = 1, tonumber(take()) do
      parts[index] = { kind = take(), text = take() }
    end
    return parts
  end

  local function read_named(take)
    local named = {}
    for index = 1, tonumber(take()) do
      named[index] = { name = take(), parts = read_parts(take) }
    end
    return named
  end

  local function customised(stage, kind)
    local found = stage.answers[kind]
    if type(found) == "string" then
      local take = reader(found)
      found = { kind = kind, status = take(), headers = read_named(take), templates = read_named(take) }
      stage.answers[kind] = found
    end
    return found
  end

  -- The value of a path parameter, by the template of the resource that was found; nil when none was.
  local function path_value(r, name)
    local template, at, index = r.template or "", 2, 0
    while at <= #template do
      local slash = find(template, "/", at, true) or #template + 1
      local segment = sub(template, at, slash - 1)
      index, at = index + 1, slash + 1
      if segment == "{" .. name .. "}" then
        return r.segments[index]
      elseif segment == "{" .. name .. "+}" then
        return sub(r.path, r.starts[index], r.length)
      end
    end
  end

  -- What no source of a mapping has.
  local VARIABLES = {
    ["error.message"] = function(_, said) return said.message end,
    ["error.messageString"] = function(_, said) return said.message and quoted(said.message) or "null" end,
    ["error.responseType"] = function(_, said) return said.kind end,
    ["error.validationErrorString"] = function(_, said) return said.validation_error end,
    ["authorizer.integrationLatency"] = function(r) return r.decision and format("%d", r.latency) end,
    resourceId = function(r) return r.template and r.stage.resource_ids[r.template] end,
    xrayTraceId = function(r) return r.trace_id ~= "" and r.trace_id or trace_id(r.headers, r.rid) end,
    ["identity.apiKey"] = function(r) return r.api_key end,
    ["identity.apiKeyId"] = function(r) return r.api_key_id end,
  }

  local function context_value(r, name, said)
    local read = VARIABLES[name] or CONTEXT[name]
    if read then
      return read(r, said)
    elseif sub(name, 1, 11) == "authorizer." then
      return r.decision and r.decision.context[sub(name, 12)]
    end
  end

  local function part_value(part, r, said)
    local kind, text = part.kind, part.text
    if kind == "text" then
      return text
    elseif kind == "context" then
      return context_value(r, text, said)
    elseif kind == "header" then
      local values, count = header_values(r.headers, text)
      return values[count]
    elseif kind == "querystring" then
      local values, count = query_values(r, text)
      return values[count]
    elseif kind == "path" then
      return path_value(r, text)
    elseif kind == "absent" then
      return nil
    end
    error("unknown part")
  end

  -- A header whose source is absent, or holds bytes that no header may hold, is left out.
  local function put_headers(headers, found, r, said)
    for _, header in ipairs(found.headers) do
      local values, is_whole = {}, true
      for index, part in ipairs(header.parts) do
        local value = part_value(part, r, said)
        values[index], is_whole = value or "", is_whole and value ~= nil
      end
      local value = concat(values)
      if is_whole and is_header_text(value) then
        headers[header.name] = value
      end
    end
  end

  -- The media type that a client asks for first, in lower case.
  local function accepted_type(headers)
    local accepted = headers:get("accept") or ""
    accepted = sub(accepted, 1, (find(accepted, ",", 1, true) or #accepted + 1) - 1)
    accepted = lower(sub(accepted, 1, (find(accepted, ";", 1, true) or #accepted + 1) - 1))
    local first, last = 1, #accepted
    while byte(accepted, first) == 32 or byte(accepted, first) == 9 do
      first = first + 1
    end
    while last > first and (byte(accepted, last) == 32 or byte(accepted, last) == 9) do
      last = last - 1
    end
    return sub(accepted, first, last)
  end

  -- As section 8 chooses a response's template: by the first media type that is accepted, application/json, the first.
  local function chosen_template(templates, headers)
    local accepted, json = accepted_type(headers), nil
    for _, template in ipairs(templates) do
      local media_type = lower(template.name)
      if media_type == accepted then
        return template
      elseif media_type == "application/json" then
        json = template
      end
    end
    return json or templates[1]
  end

  local function body_of(template, r, said)
    local out = {}
    for index, part in ipairs(template.parts) do
      out[index] = part_value(part, r, said) or (part.text == "error.message" and part.kind == "context" and "null" or "")
    end
    return concat(out)
  end

  -- Answers a request of which the stage is known: `kind` is a response type, or one of ours. `extra` may hold
  -- `message`, in place of the type's own, and `validation_error`. `r` holds the stage, and what sources need.
  function answer(r, kind, why, extra)
    local built_in = BUILT_IN[kind]
    local message = extra and extra.message or built_in[2]
    local body = message == built_in[2] and built_in.body or default_body(built_in[4], message)
    local headers = {
      [":status"] = built_in[1], ["x-amzn-errortype"] = built_in[3],
    }
    local found = customised(r.stage, built_in.as or kind)
    if found then
      if found.status ~= "0" and sub(found.kind, 1, 8) ~= "DEFAULT_" then
        headers[":status"] = found.status
      end
      local said = {
        message = message, kind = found.kind, validation_error = extra and extra.validation_error,
      }
      put_headers(headers, found, r, said)
      if #found.templates > 0 then
        local template = chosen_template(found.templates, r.headers)
        headers["content-type"] = headers["content-type"] or template.name
        -- It is written between quotes, and has some of its own.
        if said.validation_error and find(lower(template.name), "json", 1, true) then
          said.validation_error = sub(quoted(said.validation_error), 2, -2)
        end
        body = body_of(template, r, said)
      end
    end
    headers["content-type"] = headers["content-type"] or "application/json"
    local status = headers[":status"]
    return respond(r.h, r.rid, why, headers, (status == "204" or status == "205" or status == "304") and "" or body)
  end

  -- Tells Envoy what its own answers say of the request, before that is mapped (compile/customised_reply.py).
  function tell_envoy(r)
    local metadata = r.h:streamInfo():dynamicMetadata()
    if r.stage.tells_accept then
      metadata:set(NAMESPACE, ACCEPT, accepted_type(r.headers))
    end
    for _, each in ipairs(r.stage.told) do
      local value = part_value(each.part, r, NONE)
      if value and (not each.is_header or is_header_text(value)) then
        metadata:set(NAMESPACE, each.key, value)
      end
    end
  end
end
