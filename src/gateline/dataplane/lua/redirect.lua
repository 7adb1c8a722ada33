-- redirect.lua: the Location of a balancer's redirect (load-balancers.md section 3), for the route to write.
--
-- The route's context holds the parts with their `#{...}`. Failing leaves an answer without Location, and nothing
-- more: the route leads to no backend.

local find, sub, byte, concat = string.find, string.sub, string.byte, table.concat

local LOCATION_STATE = "gl.location"

-- Templates are ours and short; what is put in is never looked at again.
local function filled(template, values)
  local out, count, at = {}, 0, 1
  while true do
    local start = find(template, "#{", at, true)
    local stop = start and find(template, "}", start, true)
    if not stop then
      out[count + 1] = sub(template, at)
      return concat(out)
    end
    out[count + 1] = sub(template, at, start - 1)
    out[count + 2] = values[sub(template, start + 2, stop - 1)] or ""
    count, at = count + 2, stop + 1
  end
end

local function without_port(authority)
  if byte(authority, 1) == 91 then
    return sub(authority, 1, find(authority, "]", 1, true) or #authority)
  end
  return sub(authority, 1, (find(authority, ":", 1, true) or #authority + 1) - 1)
end

local function location(h)
  local headers, context = h:headers(), h:filterContext()
  local target, host = headers:get(":path"), context:get("of_host")
  if host == "" then
    host = without_port(headers:get(":authority"))
  end
  local question = find(target, "?", 1, true)
  local path = question and sub(target, 1, question - 1) or target
  local values = {
    protocol = context:get("of_protocol"), host = host, port = context:get("of_port"),
    path = byte(path, 1) == 47 and sub(path, 2) or path, query = question and sub(target, question + 1) or "",
  }
  local query = filled(context:get("query"), values)
  return concat({
    filled(context:get("protocol"), values), "://", filled(context:get("host"), values), ":",
    filled(context:get("port"), values), filled(context:get("path"), values), query ~= "" and "?" or "", query,
  })
end

function envoy_on_request(h)
  local ok, made = pcall(location, h)
  if ok then
    h:streamInfo():filterState():set(LOCATION_STATE, "envoy.string", made)
  else
    h:logErr("redirect.lua: " .. tostring(made))
  end
end
