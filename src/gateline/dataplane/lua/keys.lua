-- Keys: whether a request brings an API key whose usage plan is for this stage and has requests left
-- (api-gateway.md section 15). What a plan throttles is Envoy's business (compile/rate_limit.py).
--
-- A worker remembers keys as it remembers decisions, in two stores: made-up keys drive out no good one. Of a quota
-- it holds a lease: requests that the host has already counted. What it has not used it hands back when it asks again.

local key_allows

do
  local KEY_HEADER = "x-api-key"
  local KEY_LIMIT = 1024 -- bytes; Amazon's keys have 128 at most
  local ANSWER_MS = 10000 -- for the host
  local FLIGHT_MS = 1000 -- how long one who asks for a lease keeps others from asking for more than one request

  local known = new_store(12288, 25165824)
  local unknown = new_store(1536, 2097152)

  -- The key that a request brings, "" for none, nil when it brings two: we would judge one, a backend may take the other.
  local function shown_key(r)
    if r.stage.key_source == "AUTHORIZER" then
      return r.decision and r.decision.usage_key or ""
    end
    local values, count = header_values(r.headers, KEY_HEADER)
    if count > 1 and entry.strict then
      return nil
    end
    return values[count] or ""
  end

  -- What this worker knows of a key, whether it still holds or not.
  local function found_key(name)
    local node = known.map[name] or unknown.map[name]
    if node then
      node.used = true
      return node.decision
    end
  end

  -- Reads what the host answered; an error when it is anything but a whole answer.
  local function read_key(text, generation)
    local take = reader(text)
    local found = { generation = generation, kind = take(), expires = tonumber(take()), id = take(), period = take() }
    local plan, left = take(), take()
    if found.kind ~= "known" and found.kind ~= "unknown" and found.kind ~= "spent" then
      error("unknown kind")
    end
    found.left = left ~= "" and tonumber(left) or nil
    found.throttle = plan ~= "" and { plan = plan, key = found.id } or nil
    return found
  end

  -- Keeps the host's answer; what others have leased while it was on its way stays good. Answers what holds now.
  local function keep_key(name, found, size)
    local before = found_key(name)
    if before and before.left and before.left > 0 and before.generation == found.generation then
      if found.kind == "spent" then
        return before
      elseif found.left and before.period == found.period then
        found.left = found.left + before.left
      end
    end
    local store, other = known, unknown
    if found.kind == "unknown" then
      store, other = unknown, known
    end
    forget(other, name)
    put(store, name, found, size)
    room_for_garbage()
    return found
  end

  -- Asks the host, and waits. Everything that Envoy lent before is dead afterwards. Nil when it does not answer.
  local function ask_key(r, name, value, generation)
    local h = r.h
    if r.is_inspected and not wait_for_body(r) then
      return nil
    end
    local asked, before = h:timestamp(), found_key(name)
    local unused, period, is_first = 0, "", true
    if before then
      is_first = not before.asking or before.asking <= asked
      unused, period, before.left = before.left or 0, before.period, before.left and 0
    else
      before = { kind = "asked", expires = 0, period = "" }
      put(unknown, name, before, #name)
    end
    before.asking = asked + FLIGHT_MS
    local question = concat({
      netstring(r.scope), netstring(value), netstring(r.rid), netstring(source_ip(h)), netstring(is_first and "1" or "0"),
      netstring(tostring(unused)), netstring(period),
    })
    sethook()
    local headers, body = h:httpCall(HOST_CLUSTER, {
      [":method"] = "POST", [":path"] = "/key", [":authority"] = HOST_CLUSTER,
    }, question, ANSWER_MS)
    sethook(overrun, "", BUDGET)
    r.headers = h:headers()
    before.asking = nil
    local read, found = false, nil
    if headers[":status"] == "200" then
      read, found = pcall(read_key, body, generation)
    end
    if not read then
      return nil
    end
    return keep_key(name, found, #body)
  end

  -- Whether the request may pass: true, false when it was answered, or nil when the configuration has changed while
  -- the host was asked, so that all has to be decided anew. `r.api_key` and `r.api_key_id` are the key's afterwards.
  function key_allows(r)
    local value = shown_key(r)
    if not value then
      answer(r, "BAD_REQUEST", "two_keys")
      return false
    elseif value == "" or #value > KEY_LIMIT then
      answer(r, "INVALID_API_KEY", value == "" and "key_missing" or "key_length")
      return false
    end
    if entry.keys == "" then -- the project has no usage plan: no key opens anything
      answer(r, "INVALID_API_KEY", "no_plan")
      return false
    end
    local name = netstring(r.scope) .. value
    local found = found_key(name)
    if not found or found.generation ~= entry.keys or found.expires <= r.h:timestamp() or found.left == 0 then
      found = ask_key(r, name, value, entry.keys)
      if not is_unchanged(r.h, r.stage) then
        return nil
      end
    end
    if not found then
      answer(r, "API_CONFIGURATION_ERROR", "key_host_down")
      return false
    elseif found.kind == "unknown" then
      answer(r, "INVALID_API_KEY", "key_unknown")
      return false
    end
    r.api_key, r.api_key_id = value, found.id
    if found.kind == "spent" then
      answer(r, "QUOTA_EXCEEDED", "quota")
      return false
    elseif found.left then
      found.left = found.left - 1
    end
    if found.throttle then
      r.h:streamInfo():dynamicMetadata():set(NAMESPACE, THROTTLE, found.throttle)
    end
    return true
  end
end
