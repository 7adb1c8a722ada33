-- stickiness.lua: which target, and which target group, a client comes back to (load-balancers.md sections 3 and 8.1).
--
-- Cookies hold a target's address, or a group's name, and when that ends, sealed with a key that stands in a file of
-- the state folder (docs/decisions/0025-sticky-targets.md). The script opens them and tells Envoy: the target by a
-- header for its stateful session filter, which leads there while that target is registered and healthy; the group by
-- a header that the weighted route reads as its dice. The answer carries in two headers of the route's who gave it.
-- When something fails here the balancer's algorithm chooses, and nothing more.

local BUDGET = 2000000
local GROUP_HEADER, SERVED_HEADER = "x-gl-group", "x-gl-served"
local TARGET_HEADER, CHOICE_HEADER = "x-gl-target", "x-gl-choice"
local TABLES_KEPT = 256
local SEALS_KEPT = 2000 -- of each group: what was opened, and what was made
local STRANGERS_KEPT = 8000 -- values that are none of ours, half a kilobyte each at most
local LONGEST_SEAL = 512
local OPENED_A_SECOND = 500 -- seals that nobody has seen yet: each takes a hundred times as long as a known one
local LOOKS = 64 -- at places of a header that look like the cookie
local ANSWERED_COOKIES = 50
local ATTRIBUTES = 20
local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11,
  Dec = 12 }
local CROSS_SITE = "; SameSite=None; Secure"

local overrun
function overrun()
  local running = getinfo(2, "f").func
  if running == envoy_on_request or running == envoy_on_response then
    return sethook()
  end
  sethook(overrun, "", 1)
  error("the instruction budget of stickiness is used up")
end

-- The key ------------------------------------------------------------------------------------------------------

local master, asked_at = nil, 0

local function master_key(now)
  if not master and now ~= asked_at then
    asked_at = now
    local file = io.open(KEY_FILE, "rb")
    if file then
      local text = from_hex(sub(file:read("*a"), 1, 64))
      file:close()
      master = text and #text == 32 and key_of(text)
    end
    if not master then
      error("the key of stickiness cannot be read")
    end
  end
  return master
end

-- Tables -------------------------------------------------------------------------------------------------------

local tables, table_count = {}, 0

-- Something sealed by one group, or for a choice of groups: with keys of its own, and a memory.
local function sealer(purpose, duration)
  return { purpose = purpose, duration = duration, step = math.max(1, math.floor(duration / 64)),
    known = {}, known_count = 0, made = {}, made_count = 0 }
end

local function read_table(text)
  local take = reader(text)
  local sticky = { by_cluster = {}, groups = {} }
  local duration = tonumber(take())
  sticky.choice = duration > 0 and sealer("target group", duration)
  for index = 1, tonumber(take()) do
    local name, cluster, kind = take(), take(), take()
    local group = sealer("target of " .. name, tonumber(take()))
    group.name, group.kind, group.cookie, group.begins = name, kind, take(), take()
    sticky.groups[index], sticky.by_cluster[cluster] = group, group
  end
  return sticky
end

local function table_of(context)
  local id = context:get("id")
  local known = tables[id]
  if not known then
    if table_count >= TABLES_KEPT then
      tables, table_count = {}, 0
    end
    known = read_table(context:get("table"))
    tables[id], table_count = known, table_count + 1
  end
  return known
end

-- Seals --------------------------------------------------------------------------------------------------------

local opened_in, opened_count = 0, 0

local function keys_of(own, now)
  own.keys = own.keys or keys_for(master_key(now), own.purpose)
  return own.keys
end

-- Strangers' values have one memory for all groups: a flood of them drives out no good one, and many groups make it
-- no larger.
local strange, strange_count = {}, 0

local function remember_seal(own, value, known)
  if known then
    if own.known_count >= SEALS_KEPT then
      own.known, own.known_count = {}, 0
    end
    own.known[value], own.known_count = known, own.known_count + 1
  else
    if strange_count >= STRANGERS_KEPT then
      strange, strange_count = {}, 0
    end
    strange[own.purpose .. "\0" .. value], strange_count = true, strange_count + 1
  end
end

-- The content of a cookie's value; nil when it is not ours, or over.
local function content_of(own, value, now)
  local known = own.known[value]
  if not known then
    if #value > LONGEST_SEAL or strange[own.purpose .. "\0" .. value] then
      return nil
    end
    if opened_in ~= now then
      opened_in, opened_count = now, 0
    end
    if opened_count >= OPENED_A_SECOND then
      return nil
    end
    opened_count = opened_count + 1
    local text = opened(keys_of(own, now), value)
    known = text and { ends = tonumber(sub(text, 1, 10)), content = sub(text, 11) }
    remember_seal(own, value, known)
  end
  return known and now < known.ends and known.content or nil
end

-- The value of a cookie for this content. Ends are told in steps, so that all who come meanwhile share one value.
local function value_for(own, content, ends, now)
  ends = math.ceil(ends / own.step) * own.step
  local made = own.made[content]
  if not made or made.ends ~= ends then
    if not made and own.made_count >= SEALS_KEPT then
      own.made, own.made_count = {}, 0
    end
    own.made_count = own.made_count + (made and 0 or 1)
    made = { ends = ends, value = sealed(keys_of(own, now), format("%010d", ends) .. content) }
    own.made[content] = made
  end
  return made.value
end

-- Cookies ------------------------------------------------------------------------------------------------------

-- The value of a cookie in a Cookie header, as it stands; nil when there is none.
local function cookie_in(text, name)
  local wanted, at = name .. "=", 1
  for _ = 1, LOOKS do
    local start, stop = find(text, wanted, at, true)
    if not start then
      return nil
    end
    local before = start > 1 and byte(text, start - 1) or 59
    if before == 59 or before == 32 or before == 44 then -- ; blank ,
      return sub(text, stop + 1, (find(text, ";", stop + 1, true) or #text + 1) - 1)
    end
    at = stop + 1
  end
end

local function opened_cookie(text, name, cross_site, own, now)
  local value = cookie_in(text, name)
  local content = value and content_of(own, value, now)
  if not content and cross_site then
    value = cookie_in(text, cross_site)
    content = value and content_of(own, value, now)
  end
  return content
end

local dates, date_count = {}, 0

local function date_of(at)
  local known = dates[at]
  if not known then
    if date_count >= 64 then
      dates, date_count = {}, 0
    end
    known = os.date("!%a, %d %b %Y %H:%M:%S GMT", at)
    dates[at], date_count = known, date_count + 1
  end
  return known
end

local function set_cookie(headers, name, value, ends, rest)
  headers:add("set-cookie", name .. "=" .. value .. "; Expires=" .. date_of(ends) .. "; Path=/" .. (rest or ""))
end

-- The seconds since 1970 of a date such as `Wed, 21 Oct 2026 07:28:00 GMT`; nil for other forms.
local function seconds_of(date)
  local comma = find(date, ",", 1, true)
  local rest = comma and sub(date, comma + 2) or ""
  local day, month, year = tonumber(sub(rest, 1, 2)), MONTHS[sub(rest, 4, 6)], tonumber(sub(rest, 8, 11))
  local hour, minute, second = tonumber(sub(rest, 13, 14)), tonumber(sub(rest, 16, 17)), tonumber(sub(rest, 19, 20))
  if not (day and month and year and hour and minute and second) then
    return nil
  end
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  local days = 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
  return ((days * 24 + hour) * 60 + minute) * 60 + second
end

-- Until when an application's own cookie lasts, by its Set-Cookie; nil: as long as the browser.
local function end_of(cookie, now)
  local ends, at = nil, find(cookie, ";", 1, true)
  for _ = 1, ATTRIBUTES do
    if not at then
      break
    end
    local stop = find(cookie, ";", at + 1, true)
    local attribute = sub(cookie, at + 1, (stop or #cookie + 1) - 1)
    while byte(attribute, 1) == 32 do
      attribute = sub(attribute, 2)
    end
    local name = string.lower(sub(attribute, 1, 8))
    if name == "max-age=" then
      local seconds = tonumber(sub(attribute, 9, 24))
      return seconds and now + seconds or ends
    elseif name == "expires=" then
      ends = seconds_of(sub(attribute, 9))
    end
    at = stop
  end
  return ends
end

-- Requests -----------------------------------------------------------------------------------------------------

-- The target that the client had in this group; nil when it had none.
local function target_in(group, text, now)
  if group.kind == "lb_cookie" then
    return opened_cookie(text, "AWSALB", "AWSALBCORS", group, now)
  elseif group.kind == "app_cookie" and cookie_in(text, group.cookie) then
    return opened_cookie(text, "AWSALBAPP-0", nil, group, now)
  end
end

local function chosen_before(sticky, text, now)
  local name = sticky.choice and opened_cookie(text, "AWSALBTG", "AWSALBTGCORS", sticky.choice, now)
  for _, group in ipairs(sticky.groups) do
    if group.name == name and group.begins ~= "" then
      return group
    end
  end
end

local function serve(h)
  local headers = h:headers()
  headers:remove(TARGET_HEADER)
  headers:remove(CHOICE_HEADER)
  local text = headers:get("cookie")
  if not text then
    return
  end
  local sticky, now, target = table_of(h:filterContext()), os.time(), nil
  local before = chosen_before(sticky, text, now)
  if before then
    target = target_in(before, text, now)
    headers:add(CHOICE_HEADER, before.begins)
  else
    for _, group in ipairs(sticky.groups) do
      target = target or target_in(group, text, now)
    end
  end
  if target then
    headers:add(TARGET_HEADER, h:base64Escape(target))
  end
  if before then
    h:clearRouteCache()
  end
end

-- Answers ------------------------------------------------------------------------------------------------------

local function remember_by_application(headers, group, target, now)
  local named = group.cookie .. "="
  for index = 0, math.min(headers:getNumValues("set-cookie"), ANSWERED_COOKIES) - 1 do
    local cookie = headers:getAtIndex("set-cookie", index)
    if sub(cookie, 1, #named) == named then
      local ends = math.min(end_of(cookie, now) or math.huge, now + group.duration)
      if ends <= now then -- the application ends its session
        return set_cookie(headers, "AWSALBAPP-0", "_remove_", 0)
      end
      return set_cookie(headers, "AWSALBAPP-0", value_for(group, target, ends, now), ends)
    end
  end
end

local function remember(h, cluster, target)
  local headers, now = h:headers(), os.time()
  local sticky = table_of(h:filterContext())
  local group, choice = sticky.by_cluster[cluster], sticky.choice
  if choice and group then
    local ends = now + choice.duration
    local value = value_for(choice, group.name, ends, now)
    set_cookie(headers, "AWSALBTG", value, ends)
    set_cookie(headers, "AWSALBTGCORS", value, ends, CROSS_SITE)
  end
  if group and group.kind == "lb_cookie" then
    local ends = now + group.duration
    local value = value_for(group, target, ends, now)
    set_cookie(headers, "AWSALB", value, ends)
    set_cookie(headers, "AWSALBCORS", value, ends, CROSS_SITE)
  elseif group and group.kind == "app_cookie" then
    remember_by_application(headers, group, target, now)
  end
end

local function tell(h)
  local headers = h:headers()
  local cluster, target = headers:get(GROUP_HEADER), headers:get(SERVED_HEADER)
  headers:remove(GROUP_HEADER)
  headers:remove(SERVED_HEADER)
  headers:remove(TARGET_HEADER) -- the session filter's, when it was another target than the wanted one
  if cluster and target then -- else no target has answered
    return remember(h, cluster, target)
  end
end

local function guarded(h, work)
  sethook(overrun, "", BUDGET)
  local ok, problem = pcall(work, h)
  sethook()
  if not ok then
    h:logErr("stickiness.lua: " .. tostring(problem))
  end
end

function envoy_on_request(h)
  guarded(h, serve)
end

function envoy_on_response(h)
  guarded(h, tell)
end
