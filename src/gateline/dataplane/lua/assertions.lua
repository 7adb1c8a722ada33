-- Assertions: the header by which a backend knows that a request came through the gateway, and for whom
-- (docs/decisions/0020-assertions.md). What an authorizer decided brings one; else the host is asked.

local assertion_of

do
  local ANSWER_MS = 10000 -- for the host
  local BINDING_MS = 30000 -- and with a body
  local AHEAD_MS = 10000 -- how long before a stage's assertion is over the next one is asked for
  local AGAIN_MS = 1000 -- by one request a second

  -- Asks the host, and waits. Everything that Envoy lent before is dead afterwards. Nil when it does not sign.
  local function ask_signer(r, cluster, headers, body, wait)
    local h = r.h
    headers[":method"], headers[":authority"] = "POST", HOST_CLUSTER
    sethook()
    local answered, text = h:httpCall(cluster, headers, body, wait)
    sethook(overrun, "", BUDGET)
    r.headers = h:headers()
    local read, signed = false, nil
    if answered[":status"] == "200" then
      read, signed = pcall(function()
        local take = reader(text)
        local token = take()
        if token == "undecodable" then
          return { kind = token }
        end
        return { token = token, till = tonumber(take()), audience = take() }
      end)
    end
    return read and signed or nil
  end

  -- The assertion for this request alone: the host hashes the body, which is held back until then.
  local function bound_assertion(r, verb, path)
    local h = r.h
    if not wait_for_body(r) or not is_unchanged(h, r.stage) then
      return nil, true
    end
    local decision = r.decision
    local entries = decision and decision.entries or {}
    local parts = {
      netstring(r.scope), netstring(r.stage.revision), netstring(r.rid), netstring(source_ip(h)), netstring(verb),
      netstring(path), netstring(decision and decision.context.principalId or ""), netstring(tostring(#entries / 2)),
    }
    for index = 1, #entries do
      parts[#parts + 1] = netstring(entries[index])
    end
    local encoding = r.headers:get("content-encoding")
    sethook()
    local buffer = h:body()
    local text = buffer and buffer:length() > 0 and buffer:getBytes(0, buffer:length()) or ""
    sethook(overrun, "", BUDGET)
    local signed = ask_signer(r, FUNCTIONS_CLUSTER, {
      [":path"] = "/bind", [CALL_HEADER] = concat(parts), ["content-encoding"] = encoding,
    }, text, BINDING_MS)
    return signed, not is_unchanged(h, r.stage)
  end

  -- The assertion of all who call a stage without an authorizer; kept with the stage's table. Before it is over, one
  -- request asks for the next one while others go on with it: nobody waits then, and a host may be away for a while.
  local function stage_assertion(r)
    local h, stage = r.h, r.stage
    local kept, now = stage.signed, r.h:timestamp()
    if kept and kept.till > now and (kept.till - now > AHEAD_MS or now < kept.again) then
      return kept, false
    elseif kept then
      kept.again = now + AGAIN_MS
    end
    local signed = ask_signer(r, HOST_CLUSTER, { [":path"] = "/assert" },
      netstring(r.scope) .. netstring(stage.revision), ANSWER_MS)
    now = h:timestamp()
    if signed and signed.token ~= "" and signed.till and signed.till > now then
      signed.again = 0
      stage.signed = signed
    elseif kept and kept.till > now then
      signed = kept
    end
    return signed, not is_unchanged(h, stage)
  end

  -- The assertion that a request carries; false when it was answered, nil when the configuration has changed while the
  -- host was asked, so that all has to be decided anew. `verb` and `path` are as they go to the backend.
  function assertion_of(r, extras, verb, path)
    local decision = r.decision
    if decision and not extras.bound then
      if not decision.assertion then
        answer(r, "API_CONFIGURATION_ERROR", "assertion_missing")
        return false
      end
      return decision.assertion
    end
    local signed, has_changed
    if extras.bound then
      signed, has_changed = bound_assertion(r, verb, path)
    else
      signed, has_changed = stage_assertion(r)
    end
    if has_changed then
      return nil
    elseif signed and signed.kind == "undecodable" then
      answer(r, "UNSUPPORTED_MEDIA_TYPE", "body_coding")
      return false
    elseif not signed or not signed.token or signed.token == "" then
      answer(r, "API_CONFIGURATION_ERROR", "assertion_down")
      return false
    end
    return signed.token
  end
end
