-- transform.lua: puts into a request what a rule's transforms made of its host and target (compile/rule_transform.py),
-- on routes that name it.
--
-- An outcome that no client could have sent, or none at all, marks the request: a route before all rules answers it.

local TARGET_LIMIT = 16384 -- characters of path and query

local function is_visible(text)
  for index = 1, #text do
    local c = byte(text, index)
    if c < 33 or c > 126 then
      return false
    end
  end
  return true
end

-- Why a target must not be sent, or nil.
local function unfit_target(target, strict)
  if not target or #target > TARGET_LIMIT or not is_visible(target) then
    return "transform_target"
  end
  return refused_target(target, strict)
end

local function transformed(h)
  local context, headers = h:filterContext(), h:headers()
  local made = h:streamInfo():dynamicMetadata():get(TRANSFORMED) or {}
  local target, host = made[":path"], made[":authority"]
  local has_target = context:get("url") == "1" and target ~= headers:get(":path")
  local has_host = context:get("host") == "1" and host ~= headers:get(":authority")
  local why = has_target and unfit_target(target, context:get("strict") == "1")
    or has_host and (not host or host == "" or not is_authority(host)) and "transform_host"
  if why then
    return why
  end
  if has_target then
    local metadata = h:streamInfo():dynamicMetadata()
    if not (metadata:get(NAMESPACE) or {})[REQUEST] then -- at the edge gateway.lua has told what came
      metadata:set(NAMESPACE, REQUEST, headers:get(":method") .. " " .. headers:get(":path")) -- for the request log
    end
    headers:replace(":path", target)
  end
  if has_host then
    headers:replace(":authority", host)
  end
  return nil
end

function envoy_on_request(h)
  sethook(overrun, "", BUDGET)
  local ok, why = pcall(transformed, h)
  sethook()
  if ok and not why then
    return
  elseif not ok then
    h:logErr("transform.lua: " .. tostring(why))
    why = "script"
  end
  local metadata = h:streamInfo():dynamicMetadata()
  metadata:set(NAMESPACE, WHY, why)
  metadata:set(NAMESPACE, UNTRANSFORMED, "1")
  h:clearRouteCache()
end
