-- Authorize: who the caller is, what the authorizer said about them, and whether that allows this request
-- (api-gateway.md section 10).

local WAIT_MS = 30000 -- for the host, which bounds a function's time itself (29 s at most)
local ARN_LIMIT = 1600 -- bytes of a method ARN

local function netstring(text)
  return #text .. ":" .. text
end

-- The beginning of every key of an authorizer's decisions: nothing else can spell it.
local function key_prefix(authorizer, scope, generation)
  if authorizer.generation ~= generation then
    authorizer.generation = generation
    authorizer.prefix = netstring(scope) .. netstring(authorizer.name) .. netstring(generation)
  end
  return authorizer.prefix
end

local function identity_values(source, r)
  if source.kind == "header" or source.kind == "headers" then
    return header_values(r.headers, source.argument)
  elseif source.kind == "query" or source.kind == "queries" then
    return query_values(r, source.argument)
  end
  local value = value_of(source, r)
  return { value }, value and 1 or 0
end

-- Sources that stand for one value. A caller with two is judged by the last, and a backend may take the first.
local SINGLE = { header = true, query = true }

-- The key under which a caller's decision is kept, and a token; nil and why when the caller has no one identity.
-- Each source stands with the count and the lengths of its values, so that no two callers share a key.
local function identity(r, authorizer, prefix)
  if authorizer.kind == "token" then
    local token = r.headers:get(authorizer.header)
    if not token or token == "" then
      return nil, "identity_missing"
    end
    return prefix .. token, token
  end
  local parts = { prefix }
  for index = 1, #authorizer.sources do
    local source = authorizer.sources[index]
    local values, count = identity_values(source, r)
    if count == 0 or values[count] == "" then
      return nil, "identity_missing"
    elseif count > 1 and entry.strict and SINGLE[source.kind] then
      return nil, "two_identities"
    end
    parts[#parts + 1] = netstring(tostring(count))
    for number = 1, count do
      parts[#parts + 1] = netstring(values[number])
    end
  end
  return concat(parts), ""
end

-- What the conditions of a policy may ask for.
local FACTS = {
  ["aws:sourceip"] = function(r) return ip_hex(source_ip(r.h)) end,
  ["aws:currenttime"] = function(r) return tostring(r.h:timestamp()) end,
  ["aws:epochtime"] = function(r) return tostring(r.h:timestamp()) end,
  -- What Envoy says of the connection, or a trusted proxy of its own; `:scheme` is the client's word.
  ["aws:securetransport"] = function(r)
    return r.headers:get("x-forwarded-proto") == "https" and "true" or "false"
  end,
  ["aws:useragent"] = function(r) return r.headers:get("user-agent") end,
  ["aws:referer"] = function(r) return r.headers:get("referer") end,
}

local judged -- the request that is judged now; nothing waits meanwhile

local function fact_of(key)
  local fact = FACTS[key]
  return fact and fact(judged)
end

-- The ARNs of other readings of the path, as a backend may make them: a Deny of any of them is one of the request.
-- Nil and true when there are more than are worth looking at.
local function other_arns(r, prefix, arn)
  local readings, count, too_many = { r.path }, 1, false
  if not r.plain then
    readings, count, too_many = readings_of(r.path)
  end
  if too_many then
    return nil, true
  end
  local arns = {}
  local function add(other)
    if other ~= arn then
      arns[#arns + 1] = other
    end
  end
  for index = 1, count do
    local reading = readings[index]
    add(prefix .. sub(reading, 2))
    if byte(reading, #reading) == 47 then
      add(prefix .. sub(reading, 2, -2))
    end
  end
  return arns
end

-- The verdict of a policy on the request, and its ARN; nil when the request was answered.
local function verdict_of(policy, r)
  local prefix = r.stage.arn .. r.method .. "/"
  local path = r.path
  local slash = byte(path, #path) == 47
  local arn = prefix .. sub(path, 2, slash and -2 or -1)
  if #arn > ARN_LIMIT then
    answer(r, "URI_TOO_LONG", "arn_length")
    return nil
  end
  local readings, too_many
  if not r.plain or slash and #path > 1 then
    readings, too_many = other_arns(r, prefix, arn)
    if too_many then
      answer(r, "BAD_REQUEST", "path_ambiguous")
      return nil
    end
  end
  judged = r
  return judge(policy, arn, readings, fact_of), arn
end

-- Whether a decision allows the request; answers the client when not.
local function is_allowed(r, decision)
  local verdict = verdict_of(decision.policy, r)
  if verdict == "allow" then
    return true
  elseif verdict == "explicit_deny" then
    answer(r, "EXPLICIT_DENY", "authorizer_explicit_deny")
  elseif verdict then
    answer(r, "ACCESS_DENIED", "authorizer_deny")
  end
  return false
end

-- Policies that are in use, by their text: callers with the same rights share one.
local policies = setmetatable({}, { __mode = "v" })

local function policy_of(text)
  local policy = policies[text]
  if not policy then
    policy = read_policy(text)
    policies[text] = policy
  end
  return policy
end

-- The ARN as Amazon shows it to a stranger: of the account only the last four digits.
local function shown(arn)
  local at = 1
  for _ = 1, 4 do
    at = find(arn, ":", at, true) + 1
  end
  local stop = find(arn, ":", at, true)
  return sub(arn, 1, at - 1) .. "********" .. sub(arn, math.max(at, stop - 4))
end

-- Whether the API's resource policy lets the request on, before any authorizer: what it denies is denied, and where no
-- authorizer stands behind it, it must allow (api-gateway.md section 17). Answers the client when not.
local function policy_allows(r, has_authorizer)
  local verdict, arn = verdict_of(policy_of(r.stage.policy), r)
  if verdict == "allow" or verdict and verdict ~= "explicit_deny" and has_authorizer then
    return true
  elseif verdict then
    local explicit = verdict == "explicit_deny"
    answer(r, "ACCESS_DENIED", explicit and "policy_explicit_deny" or "policy_deny", {
      message = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " .. shown(arn)
        .. (explicit and " with an explicit deny" or ""),
    })
  end
  return false
end

-- Reads what the host answered; an error when it is anything but a whole answer.
local function read_reply(body)
  local take = reader(body)
  local kind = take()
  local assertion, asserted_until, audience
  if kind == "asserted" then
    assertion, asserted_until, audience = take(), tonumber(take()), take()
    kind = take()
  end
  if kind ~= "policy" then
    return { kind = kind, reason = kind == "failure" and take() or nil }
  end
  local decision = { kind = kind, expires = tonumber(take()), grants = take() == "1", policy = policy_of(take()) }
  local principal = take()
  local context = { principalId = principal }
  local entries = {}
  for index = 1, 2 * tonumber(take()), 2 do
    local name, value = take(), take()
    entries[index], entries[index + 1] = name, value
    if name ~= "principalId" then
      context[name] = value
    end
  end
  decision.context, decision.entries = context, entries
  decision.assertion, decision.asserted_until, decision.audience = assertion, asserted_until, audience
  decision.usage_key = take() -- usageIdentifierKey: the caller's API key, where authorizers say it
  return decision
end

-- The request as functions are told of it.
local function described(r, method)
  local info = r.h:streamInfo()
  local parts = {
    netstring(r.scope), netstring(method.route), netstring(r.rid), netstring(r.trace_id), netstring(r.method),
    netstring(r.full_path), netstring(r.base_path .. r.path), netstring(r.query), netstring(r.authority),
    netstring(source_ip(r.h)), netstring(info:protocol()), netstring(tostring(#method.parameters)),
  }
  for index = 1, #method.parameters do
    local parameter = method.parameters[index]
    parts[#parts + 1] = netstring(parameter.name)
    parts[#parts + 1] = netstring(value_of(parameter.source, r) or "")
  end
  local decision = r.decision
  if not decision then
    parts[#parts + 1] = "0:0:1:0"
  else
    parts[#parts + 1] = netstring(decision.context.principalId)
    parts[#parts + 1] = netstring(tostring(r.latency))
    parts[#parts + 1] = netstring(tostring(#decision.entries / 2))
    for index = 1, #decision.entries do
      parts[#parts + 1] = netstring(decision.entries[index])
    end
  end
  parts[#parts + 1] = netstring(r.api_key or "")
  parts[#parts + 1] = netstring(r.api_key_id or "")
  parts[#parts + 1] = netstring(r.stage.revision)
  return concat(parts)
end

-- Whether the stage that the request stands in now is still the one that its method was read from. The route is
-- chosen again for that; it says how much of a body may be held back, too.
local function is_unchanged(h, stage)
  h:clearRouteCache()
  return h:metadata():get("id") == stage.id
end

-- Waits for the body of a request that will be inspected, before anybody is asked: Envoy hands no body out that began
-- to come during a call. False when the configuration has changed, so that the request has to be decided anew.
-- Everything that Envoy lent before is dead afterwards.
local function wait_for_body(r)
  local h = r.h
  if not is_unchanged(h, r.stage) then
    return false
  end
  sethook()
  h:body()
  sethook(overrun, "", BUDGET)
  r.headers = h:headers()
  return true
end

local HEADERS_TOLD = 128 -- more than Envoy lets in and adds

local function headers_told(headers)
  local parts, count = {}, 0
  for name, value in pairs(headers) do
    local of_ours = byte(name, 1) == 58 or sub(name, 1, 5) == "x-gl-" or sub(name, 1, 8) == "x-envoy-"
    if not of_ours and count < HEADERS_TOLD then
      count = count + 1
      parts[count] = netstring(name) .. netstring(value)
    end
  end
  return netstring(tostring(count)) .. concat(parts)
end

-- Asks the host, and waits. Everything that Envoy lent before is dead afterwards.
local function ask(r, method, authorizer, keep_it, key, token, arn)
  local h = r.h
  local question = concat({
    netstring(r.scope), netstring(authorizer.name), netstring(key), netstring(keep_it), netstring(arn),
    netstring(token), netstring(r.rid), netstring(source_ip(h)),
    authorizer.kind == "token" and "0:1:0" or netstring(described(r, method)) .. headers_told(r.headers),
  })
  if r.is_inspected and not wait_for_body(r) then
    return { kind = "failure", reason = "changing" }
  end
  local asked = h:timestamp()
  sethook()
  local headers, body = h:httpCall(HOST_CLUSTER, {
    [":method"] = "POST", [":path"] = "/authorize", [":authority"] = HOST_CLUSTER,
  }, question, WAIT_MS)
  sethook(overrun, "", BUDGET)
  r.headers = h:headers()
  r.latency = h:timestamp() - asked
  if headers[":status"] ~= "200" then
    return { kind = "failure", reason = "authorizer_down" }
  end
  local read, reply = pcall(read_reply, body)
  if not read then
    return { kind = "failure", reason = "authorizer_reply" }
  end
  if reply.kind == "policy" and reply.expires > 0 and keep_it == "1" then
    keep(key, reply, #body)
    room_for_garbage()
  end
  return reply
end

-- Whether the request may pass: true, false when it was answered, or nil when the configuration has changed
-- while the host was asked, so that all has to be decided anew. `r.decision` is what the authorizer said.
local function authorize(r, reference, stage, method)
  local authorizer = stage.authorizers[method.authorizer]
  -- A table that is newer than the generations that are known here has one of its own.
  -- What is decided under it is not kept: no flush would find it.
  local generation = stage.id == reference.id and reference.generations[authorizer.name]
  local keep_it = generation and authorizer.keep or "0"
  local prefix = key_prefix(authorizer, reference.scope, generation or stage.id)
  local key, token = identity(r, authorizer, prefix)
  if not key and token == "two_identities" then
    answer(r, "BAD_REQUEST", token)
    return false
  elseif not key then
    answer(r, "UNAUTHORIZED", token)
    return false
  end
  local now = r.h:timestamp()
  local decision = keep_it == "1" and remembered(key, now)
  local told = decision and "hit" or "miss"
  r.latency = 0
  if not decision or lacks_assertion(decision, method.extras, now) then
    local slash = #r.path > 1 and byte(r.path, #r.path) == 47
    decision = ask(r, method, authorizer, keep_it, key, token, stage.arn .. r.method .. sub(r.path, 1, slash and -2 or -1))
    if not is_unchanged(r.h, stage) then
      return nil
    end
  end
  if entry.logged then
    r.h:streamInfo():dynamicMetadata():set(NAMESPACE, AUTHORIZER, told)
  end
  if decision.kind == "unauthorized" then
    answer(r, "UNAUTHORIZED", "authorizer_unauthorized")
    return false
  elseif decision.kind ~= "policy" then
    answer(r, "AUTHORIZER_CONFIGURATION_ERROR", decision.reason or "authorizer_reply")
    return false
  end
  r.decision = decision
  return is_allowed(r, decision)
end
