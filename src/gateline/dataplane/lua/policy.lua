-- Policy: what an authorizer answered, judged against a request (docs/concepts/policies.md).
--
-- read_policy(text) answers a policy, or throws when the text (authorizers/wire.py) is malformed.
-- judge(policy, arn, readings, facts) answers "allow", "deny" or "explicit_deny". `readings` are the ARNs of other
-- readings of the path, or nil; `facts(key)` answers what is known of the request, or nil.
--
-- Globs are cut at read time: `*` separates pieces, `?` separates the chunks of a piece, and both are looked for with
-- plain `find`. Comparing a chunk takes a step; all judging of a request has STEPS of them, and when they are used
-- up, nothing more is allowed. authorizers/glob.py counts the same.

local read_policy, judge

do
  local STEPS = 500 -- chunks compared while one request is judged
  local WORK = 1000 -- globs compared with the ARN and its readings, by their weight
  local ARN_LIMIT = 1600 -- bytes
  local steps = 0

  -- Globs ---------------------------------------------------------------------------------------------------

  -- A piece without `?` is plain; else its chunks, each followed by its offset.
  local function cut_piece(text)
    local piece, count, at, last = { size = #text }, 0, 1, #text + 1
    if not find(text, "?", 1, true) then
      piece.plain = text
      return piece
    end
    while at < last do
      local stop = find(text, "?", at, true) or last
      if stop > at then
        piece[count + 1], piece[count + 2] = sub(text, at, stop - 1), at - 1
        count = count + 2
      end
      at = stop + 1
    end
    return piece
  end

  local function cut_glob(text)
    local star = find(text, "*", 1, true)
    if not star then
      if not find(text, "?", 1, true) then
        return { exact = text }
      end
      return { head = cut_piece(text) }
    end
    local glob, count = { head = cut_piece(sub(text, 1, star - 1)) }, 0
    while true do
      local stop = find(text, "*", star + 1, true)
      if not stop then
        glob.tail = cut_piece(sub(text, star + 1))
        return glob
      end
      count = count + 1
      glob[count] = cut_piece(sub(text, star + 1, stop - 1))
      star = stop
    end
  end

  -- What comparing a glob takes: 1, and 1 more for each four `*`.
  local function weight_of(glob)
    local stars = glob.tail and #glob + 1 or 0
    return 1 + (stars - stars % 4) / 4
  end

  -- Whether the chunks of a piece stand at this place.
  local function stands(piece, text, start)
    for index = 1, #piece, 2 do
      steps = steps - 1
      local chunk, at = piece[index], start + piece[index + 1]
      if sub(text, at, at + #chunk - 1) ~= chunk then
        return false
      end
    end
    return true
  end

  -- The first place in first..limit where a piece with `?` stands, or nil.
  local function place_of(piece, text, first, limit)
    local last, chunk, offset = limit - piece.size + 1, piece[1], piece[2]
    if not chunk then
      return first <= last and first or nil
    end
    while first <= last and steps > 0 do
      local found = find(text, chunk, first + offset, true)
      first = found and found - offset or last + 1
      if first <= last then
        if stands(piece, text, first) then
          return first
        end
        first = first + 1
      end
    end
    return nil
  end

  local function matches(glob, text)
    local exact = glob.exact
    if exact then
      return text == exact
    end
    local head, tail = glob.head, glob.tail
    local plain, size = head.plain, head.size
    if plain and sub(text, 1, size) ~= plain or not plain and not stands(head, text, 1) then
      return false
    elseif not tail then
      return #text == size
    end
    local at, limit = size + 1, #text - tail.size
    plain = tail.plain
    if at > limit + 1 or plain and sub(text, limit + 1) ~= plain
      or not plain and not stands(tail, text, limit + 1) then
      return false
    end
    for index = 1, #glob do
      local piece = glob[index]
      plain, size = piece.plain, piece.size
      local start
      if plain then
        start = find(text, plain, at, true)
      else
        start = place_of(piece, text, at, limit)
      end
      if not start then
        return false
      end
      at = start + size
    end
    return at <= limit + 1
  end

  -- Conditions ----------------------------------------------------------------------------------------------

  -- `found` and `wanted` as the operator's row in READS makes them.
  local function equal(found, wanted) return found == wanted end
  local function less(found, wanted) return found < wanted end
  local function less_or_equal(found, wanted) return found <= wanted end
  local function greater(found, wanted) return found > wanted end
  local function greater_or_equal(found, wanted) return found >= wanted end

  local function like(found, glob) return matches(glob, found) end

  -- A network: the digits that must be equal, and the top bits of the next digit.
  local function within(found, network)
    local size = network.size
    if sub(found, 1, size) ~= network.prefix then
      return false
    elseif not network.rest then
      return true
    end
    local digit = hex_value(byte(found, size + 1))
    return digit - digit % network.step == network.rest
  end

  local function same(text)
    return text
  end

  local function number(text)
    local value = tonumber(text)
    if not value or value ~= value then
      error("not a number")
    end
    return value
  end

  local function seconds(text)
    local milliseconds = number(text)
    return (milliseconds - milliseconds % 1000) / 1000
  end

  local function boolean(text)
    if text ~= "true" and text ~= "false" then
      error("not a boolean")
    end
    return text
  end

  local function network(text)
    local bits = number(sub(text, 34))
    if byte(text, 33) ~= 47 or bits < 0 or bits > 128 or bits % 1 ~= 0 then
      error("not a network")
    end
    for index = 1, 32 do
      if not hex_value(byte(text, index)) then
        error("not a network")
      end
    end
    local over = bits % 4
    local size = (bits - over) / 4
    local cut = { size = size, prefix = sub(text, 1, size), step = 2 ^ (4 - over) }
    if over > 0 then
      local digit = hex_value(byte(text, size + 1))
      cut.rest = digit - digit % cut.step
    end
    return cut
  end

  -- Each operator: how what is found is read, how a value is read, and how they are compared.
  local OPERATORS = {
    eq = { same, same, equal },
    like = { same, cut_glob, like },
    ip = { same, network, within },
    bool = { same, boolean, equal },
    null = { same, boolean, equal },
  }
  for name, test in pairs({ eq = equal, lt = less, le = less_or_equal, gt = greater, ge = greater_or_equal }) do
    OPERATORS["num_" .. name] = { seconds, number, test }
    OPERATORS["date_" .. name] = { number, number, test }
  end

  local function holds(condition, facts)
    local found = facts(condition.key)
    if condition.asks_presence then
      found = found and "false" or "true"
    elseif not found then
      return condition.holds_when_absent
    elseif condition.ignores_case then
      found = lower(found)
    end
    found = condition.read(found)
    local test = condition.test
    for index = 1, #condition do
      if test(found, condition[index]) then
        return not condition.negated
      end
    end
    return condition.negated
  end

  local function all_hold(conditions, facts)
    for index = 1, #conditions do
      if not holds(conditions[index], facts) then
        return false
      end
    end
    return true
  end

  -- Judging -------------------------------------------------------------------------------------------------

  local function covers(statement, arn)
    for index = 1, #statement do
      if matches(statement[index], arn) then
        return not statement.negated
      end
    end
    return statement.negated
  end

  local function covers_any(statement, arn, readings)
    local covered = covers(statement, arn)
    if readings then
      for index = 1, #readings do
        covered = covered or covers(statement, readings[index])
      end
    end
    return covered
  end

  local function covers_all(statement, arn, readings)
    local covered = covers(statement, arn)
    if readings then
      for index = 1, #readings do
        covered = covered and covers(statement, readings[index])
      end
    end
    return covered
  end

  -- A Deny counts for any reading of the path; an Allow for the path as it is, and what NotResource takes out of
  -- an Allow is taken out of every reading. A path with more readings than can be looked at is allowed nothing.
  function judge(policy, arn, readings, facts)
    if #arn > ARN_LIMIT or readings and policy.wide_weight * (#readings + 1) > WORK then
      return "deny"
    end
    steps = STEPS
    local denies, allows = policy.denies, policy.allows
    for index = 1, #denies do
      local statement = denies[index]
      local applies = statement.unlimited
        or covers_any(statement, arn, readings) and all_hold(statement.conditions, facts)
      if applies or steps <= 0 then
        return "explicit_deny"
      end
    end
    for index = 1, #allows do
      local statement = allows[index]
      local applies = statement.unlimited
        or covers_all(statement, arn, statement.negated and readings) and all_hold(statement.conditions, facts)
      if steps <= 0 then
        return "deny"
      elseif applies then
        return "allow"
      end
    end
    return "deny"
  end

  -- Reading -------------------------------------------------------------------------------------------------

  -- As `reader` of tables.lua, for text that a function had a hand in: every length must be true.
  local function strict_reader(text)
    local at = 1
    return function()
      local colon = find(text, ":", at, true)
      local digits = colon and sub(text, at, colon - 1) or ""
      local length = #digits < 8 and tonumber(digits)
      if not length or length < 0 or length % 1 ~= 0 or format("%d", length) ~= digits or colon + length > #text then
        error("malformed policy text")
      end
      at = colon + length + 1
      return sub(text, colon + 1, colon + length)
    end, function()
      return at == #text + 1
    end
  end

  local function read_condition(take)
    local operator, flags = take(), take()
    local readers = OPERATORS[operator]
    if not readers then
      error("unknown operator")
    end
    local negated, if_exists = find(flags, "n", 1, true) ~= nil, find(flags, "e", 1, true) ~= nil
    local condition = {
      key = take(), read = readers[1], test = readers[3],
      negated = negated, holds_when_absent = negated or if_exists, asks_presence = operator == "null",
      ignores_case = find(flags, "i", 1, true) ~= nil,
    }
    local read_value = readers[2]
    for index = 1, number(take()) do
      local value = take()
      condition[index] = read_value(condition.ignores_case and lower(value) or value)
    end
    return condition
  end

  local function read_statement(take)
    local negated = take()
    if negated ~= "0" and negated ~= "1" then
      error("malformed policy text")
    end
    local statement = { negated = negated == "1", conditions = {}, weight = 0 }
    local is_any = false
    for index = 1, number(take()) do
      local glob = take()
      is_any = is_any or glob == "*"
      statement[index] = cut_glob(glob)
      statement.weight = statement.weight + weight_of(statement[index])
    end
    for index = 1, number(take()) do
      statement.conditions[index] = read_condition(take)
    end
    statement.unlimited = is_any and not statement.negated and #statement.conditions == 0
    return statement
  end

  function read_policy(text)
    local take, is_done = strict_reader(text)
    local policy = { denies = {}, allows = {}, wide_weight = 0 } -- of what is compared with every reading
    for _ = 1, number(take()) do
      local effect = take()
      local list = effect == "D" and policy.denies or effect == "A" and policy.allows
      if not list then
        error("malformed policy text")
      end
      local statement = read_statement(take)
      list[#list + 1] = statement
      if effect == "D" or statement.negated then
        policy.wide_weight = policy.wide_weight + statement.weight
      end
    end
    if not is_done() then
      error("malformed policy text")
    end
    return policy
  end
end
