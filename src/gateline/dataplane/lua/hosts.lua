-- Hosts: which API or custom domain an authority names, and which stage a domain's base paths lead to.

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

-- Letters, digits, hyphens and underscores: what may stand for the `*` of a wildcard.
local function is_label(text)
  for index = 1, #text do
    local c = byte(text, index)
    if not (c >= 97 and c <= 122 or c >= 48 and c <= 57 or c == 45 or c == 95) then
      return false
    end
  end
  return text ~= ""
end

-- What may stand in a Host header that a mapping or a transform writes: a name of labels, with a dot behind it at most, or an
-- address, and a port. Balancers' rules and backends must not find different hosts in it.
local function is_authority(value)
  if value == "" then
    return true -- then the integration's own is sent
  end
  local host = lower(value)
  local bracketed = byte(host, 1) == 91
  local host_end = bracketed and find(host, "]", 1, true) or (find(host, ":", 1, true) or #host + 1) - 1
  local rest = sub(host, host_end + 1)
  if #value > 255 or host_end < 1 or rest ~= "" and (byte(rest, 1) ~= 58 or #rest < 2 or not is_port(sub(rest, 2))) then
    return false
  end
  host = sub(host, 1, host_end)
  if bracketed then
    return is_ip_literal(host)
  end
  host = byte(host, #host) == 46 and sub(host, 1, -2) or host
  local at, last = 1, #host + 1
  while at <= last do
    local dot = find(host, ".", at, true) or last
    if not is_label(sub(host, at, dot - 1)) then
      return false
    end
    at = dot + 1
  end
  return true
end

-- The custom domain that has a host: by its whole name, or by a wildcard for its first label.
local function domain_of(host)
  local dot = find(host, ".", 1, true)
  local wildcard = dot and entry.wildcards[sub(host, dot + 1)]
  return entry.domains[host] or wildcard and is_label(sub(host, 1, dot - 1)) and wildcard or nil
end

local NO_STAGES = {}

-- What an authority names: `name` is its host; `stages` are those of its API, `domain` is its custom domain, `here`
-- says that the local form of paths is open. `known` is false when it names nothing.
local function find_host(authority)
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
  local found, api, is_open = { name = host, domain = entry.domains[host] }, entry.apis[entry.exact[host]], true
  local dot = find(host, ".", 1, true)
  if found.domain or api then
    dot = nil
  elseif host == "localhost" or is_ip_literal(host) then
    api = entry.apis[entry.default]
    found.here = entry.loopback
  elseif dot then
    local parent = sub(host, dot + 1)
    if parent == "localhost" or sub(parent, 1, 12) == "execute-api." then
      api = entry.apis[sub(host, 1, dot - 1)]
      is_open = api and api.execute
    end
    if not api then
      found.domain = domain_of(host)
    end
  end
  found.known = api ~= nil or found.domain ~= nil or found.here == true
  found.stages = api and is_open and api.stages or NO_STAGES
  return found
end

local function host_of(authority)
  local found = entry.seen[authority]
  if not found then
    if entry.count >= HOSTS_KEPT then
      entry.seen, entry.count = {}, 0
    end
    found = find_host(authority)
    entry.seen[authority] = found
    entry.count = entry.count + 1
  end
  return found
end

-- Was a request sent over a connection that was made for another name? Who has spoken TLS with a custom domain
-- talks to that domain alone, and who asks for a domain with a certificate of its own must have been shown it.
local function is_misdirected(h, found)
  local server_name = h:streamInfo():requestedServerName() -- in lower case, "" when the client told none
  if server_name == found.name then
    return false
  elseif server_name == "" then
    return found.domain ~= nil and found.domain.has_certificate
  end
  return found.domain ~= nil or domain_of(server_name) ~= nil
end

-- Where the first segment begins is where the last of the leading slashes is: `//prod/x` is `/prod/x`.
local function leading_slash(path)
  local at = 1
  while byte(path, at + 1) == 47 do
    at = at + 1
  end
  return at
end

-- The mapping of a domain whose base path has the most of the segments that begin the path, and where the rest of
-- the path begins; nil when there is none. Looks at no more segments than the longest base path has.
local function mapping_of(domain, path)
  local first = leading_slash(path)
  local found, rest_at, stop = domain.mappings[""], first, first
  for _ = 1, domain.depth do
    stop = find(path, "/", stop + 1, true) or #path + 1
    local mapping = domain.mappings[sub(path, first + 1, stop - 1)]
    if mapping then
      found, rest_at = mapping, stop
    end
    if stop > #path then
      break
    end
  end
  return found, rest_at
end
