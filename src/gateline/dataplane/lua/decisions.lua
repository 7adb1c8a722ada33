-- Decisions: the answers of authorizers that this worker remembers (docs/decisions/0010-decision-cache.md).
--
-- A store is a queue: the oldest goes first, but one that was used since it came is put behind once more. Those
-- that allow nothing have a store of their own, so that a flood of bad tokens drives out no good one.

local function new_store(most, most_bytes)
  return { map = {}, count = 0, bytes = 0, most = most, most_bytes = most_bytes }
end

-- Three quarters of a power of two: a full hash table without room to spare is built anew with every entry.
local granted = new_store(12288, 50331648)
local refused = new_store(1536, 4194304)

local CHANCES = 16 -- used entries that one eviction looks past

local function append(store, node)
  node.behind = nil
  if store.last then
    store.last.behind = node
  else
    store.first = node
  end
  store.last = node
end

-- Takes the oldest out that was not used since it came there.
local function evict(store)
  local chances = CHANCES
  while true do
    local node = store.first
    store.first = node.behind
    if not store.first then
      store.last = nil
    end
    if node.used and chances > 0 then
      node.used = false
      chances = chances - 1
      append(store, node)
    else
      store.count = store.count - 1
      store.bytes = store.bytes - node.size
      if store.map[node.key] == node then
        store.map[node.key] = nil
      end
      return
    end
  end
end

-- The node stays in its queue, empty, until its turn comes.
local function forget(store, key)
  local node = store.map[key]
  if node then
    store.map[key] = nil
    store.bytes = store.bytes - node.size
    node.size, node.decision, node.used = 0, nil, false
  end
end

-- Remembers a decision in a store; `size` are the bytes that its texts have.
local function put(store, key, decision, size)
  local cost = #key + 3 * size + 600 -- tables and strings take about so much
  if cost > store.most_bytes / 16 then
    return forget(store, key)
  end
  local node = store.map[key]
  if node then -- asked for more than once at a time, or expired
    store.bytes = store.bytes - node.size + cost
    node.decision, node.size = decision, cost
    return
  end
  while store.count >= store.most or store.bytes + cost > store.most_bytes do
    evict(store)
  end
  node = { key = key, decision = decision, size = cost, used = false }
  store.map[key] = node
  store.count = store.count + 1
  store.bytes = store.bytes + cost
  append(store, node)
end

-- Remembers what an authorizer has decided.
local function keep(key, decision, size)
  local store, other = granted, refused
  if not decision.grants then
    store, other = refused, granted
  end
  forget(other, key)
  put(store, key, decision, size)
end

-- Whether a decision that is remembered allows something without the assertion that requests of a method carry: it is
-- over, or was for another audience. The host has the decision, too, and signs anew.
local function lacks_assertion(decision, extras, now)
  if not extras or extras.asserted == "" or extras.bound or not decision.grants then
    return false
  end
  return not decision.assertion or decision.asserted_until <= now or decision.audience ~= extras.audience
end

-- What is remembered under a key and still holds, at a time in milliseconds.
local function remembered(key, now)
  local node = granted.map[key] or refused.map[key]
  if not node or node.decision.expires <= now then
    return nil
  end
  node.used = true
  return node.decision
end
