-- Requirements: what a request needs beside its authorizer's word: parameters, and a body that fits (api-gateway.md
-- section 13). An API key is keys.lua's business.

local INSPECTION_MS = 30000 -- for the host, which bounds its own work

-- The names of the parameters that are absent or blank, in the order of the definition's table; nil when none is.
local function missing_parameters(r, required)
  local missing
  for index = 1, #required do
    local value = value_of(required[index].source, r)
    local is_blank = true
    for position = 1, value and #value or 0 do
      local c = byte(value, position)
      is_blank = is_blank and (c == 32 or c == 9)
    end
    if is_blank then
      missing = missing or {}
      missing[#missing + 1] = required[index].name
    end
  end
  return missing and concat(missing, ", ")
end

-- What the host said of a body: "ok" with the values that mappings read from it, "invalid" with the reason,
-- "malformed" or "undecodable". An error when it is anything else.
local function read_inspection(text)
  local take = reader(text)
  local found = { kind = take() }
  if found.kind == "ok" then
    found.values = {}
    for index = 1, tonumber(take()) do
      local is_there, value = take(), take()
      found.values[index] = is_there == "1" and value or nil
    end
  elseif found.kind == "invalid" then
    found.reason = take()
  elseif found.kind ~= "malformed" and found.kind ~= "undecodable" then
    error("unknown verdict")
  end
  return found
end

-- Has the host look at the body, and waits for both: true, false when it was answered, nil when the configuration has
-- changed meanwhile. Afterwards all that Envoy lent is dead, but for what stands in `r`.
local function inspect(r, method)
  local h = r.h
  if not is_unchanged(h, r.stage) then
    return nil
  end
  sethook()
  local buffer = h:body()
  sethook(overrun, "", BUDGET)
  r.headers = h:headers()
  if not is_unchanged(h, r.stage) then -- a body may take longer than the host knows what was
    return nil
  end
  local question = described(r, method)
  local content_type = r.headers:get("content-type")
  local encoding = r.headers:get("content-encoding")
  sethook()
  local text = buffer and buffer:length() > 0 and buffer:getBytes(0, buffer:length()) or ""
  local headers, body = h:httpCall(FUNCTIONS_CLUSTER, {
    [":method"] = "POST", [":path"] = "/inspect", [":authority"] = HOST_CLUSTER, [CALL_HEADER] = question,
    ["content-type"] = content_type, ["content-encoding"] = encoding,
  }, text, INSPECTION_MS)
  sethook(overrun, "", BUDGET)
  r.headers = h:headers()
  local read, found = false, nil
  if headers[":status"] == "200" then
    read, found = pcall(read_inspection, body)
  end
  if not read then
    answer(r, "API_CONFIGURATION_ERROR", "inspection_down")
    return false
  elseif found.kind == "invalid" then
    answer(r, "BAD_REQUEST_BODY", "body_invalid", { validation_error = found.reason })
    return false
  elseif found.kind == "malformed" then
    answer(r, "BAD_REQUEST_BODY", "body_malformed", { message = "Invalid JSON in request body" })
    return false
  elseif found.kind == "undecodable" then
    answer(r, "UNSUPPORTED_MEDIA_TYPE", "body_coding")
    return false
  end
  r.bodies = found.values
  if not is_unchanged(h, r.stage) then
    return nil
  end
  return true
end

-- Whether the request may pass: true, false when it was answered, or nil when the configuration has changed while
-- the host was asked, so that all has to be decided anew.
local function meets(r, method)
  local extras = method.extras
  if extras.needs_key then
    local may_pass = key_allows(r)
    if not may_pass then
      return may_pass
    end
  end
  local missing = missing_parameters(r, extras.required)
  if missing then
    answer(r, "BAD_REQUEST_PARAMETERS", "parameters_missing",
      { message = "Missing required request parameters: [" .. missing .. "]" })
    return false
  end
  if extras.inspects then
    return inspect(r, method)
  end
  return true
end
