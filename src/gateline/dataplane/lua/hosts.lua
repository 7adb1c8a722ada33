-- Hosts: which API an authority names.

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
