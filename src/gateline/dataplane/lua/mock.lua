-- Mocks whose answer is their route's: which requests they take.

-- Why a mock refuses a body for whose media type it has no template, as a response type and a reason (api-gateway.md
-- sections 8 and 19); nil when it takes it.
local function mock_refusal(headers, method)
  local content_type = headers:get("content-type") or "application/json"
  local semicolon = find(content_type, ";", 1, true)
  local media_type = lower(semicolon and sub(content_type, 1, semicolon - 1) or content_type)
  while sub(media_type, -1) == " " do
    media_type = sub(media_type, 1, -2)
  end
  if method.media_types[media_type] or method.media_types["$default"] then
    return nil
  end
  if method.passthrough == "when_no_match" then
    return "API_CONFIGURATION_ERROR", "mock_without_status"
  end
  return "UNSUPPORTED_MEDIA_TYPE", "media_type"
end
