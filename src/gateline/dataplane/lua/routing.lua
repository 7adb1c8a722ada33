-- Routing: the method that a path and a verb name (api-gateway.md section 3).

-- Splits a path into at most `depth` + 1 segments; `starts` holds where each begins. A trailing slash is not
-- a segment (api-gateway.md section 3).
local function split(path, depth)
  local segments, starts, count, at = {}, {}, 0, 2
  local length = #path
  if length > 1 and byte(path, length) == 47 then
    length = length - 1
  end
  while at <= length and count <= depth do
    local slash = find(path, "/", at, true)
    if not slash or slash > length then
      slash = length + 1
    end
    count = count + 1
    segments[count] = sub(path, at, slash - 1)
    starts[count] = at
    at = slash + 1
    if at == length + 1 then -- an inner `//` before the end: one empty segment more
      count = count + 1
      segments[count] = ""
      starts[count] = at
    end
  end
  return segments, starts, count, length
end

-- The verbs that API Gateway has, each of which ANY stands for; no method can have another.
local VERBS = { GET = true, HEAD = true, OPTIONS = true, PATCH = true, POST = true, PUT = true, DELETE = true }

local function of_verb(methods, method)
  return VERBS[method] and (methods[method] or methods.ANY) or nil
end

-- Static before {parameter} before {greedy+}; a resource without the verb is not the end of the search.
-- Visits a trie node at most once for a depth, so its work is bounded by the definition.
local function descend(node, segments, starts, index, count, last_byte, method)
  if index > count then
    local methods = node.methods
    return methods and of_verb(methods, method)
  end
  local segment = segments[index]
  local child = node.static[segment]
  local found
  if child then
    found = descend(child, segments, starts, index + 1, count, last_byte, method)
    if found then
      return found
    end
  end
  if node.parameter and segment ~= "" then
    found = descend(node.parameter, segments, starts, index + 1, count, last_byte, method)
    if found then
      return found
    end
  end
  local greedy = node.greedy
  if greedy and starts[index] <= last_byte then -- at least one segment that is not empty
    return of_verb(greedy, method)
  end
  return nil
end

local function method_at(stage, path, method)
  local static = stage.static[path]
  local found = static and of_verb(static, method)
  if found then
    return found
  end
  local segments, starts, count, length = split(path, stage.depth)
  local last_byte = length
  while byte(path, last_byte) == 47 do
    last_byte = last_byte - 1
  end
  return descend(stage.root, segments, starts, 1, count, last_byte, method), segments, starts, length
end

-- The readings that a backend may give a path: decoded (at most twice), cut where a decoded `?` or `#` stands, without
-- `;` parameters, slashes merged, in any order. Answers them, the path itself first, their count, whether there are more (or longer ones) than are
-- worth looking at, and how often each was decoded.
local READINGS, READING_BYTES = 24, 12000

local function cut(path)
  local question, hash = find(path, "?", 1, true), find(path, "#", 1, true)
  local stop = question and hash and math.min(question, hash) or question or hash
  return stop and stop > 1 and sub(path, 1, stop - 1) or nil
end

local function readings_of(path)
  local readings, times, count, seen, bytes = { path }, { 0 }, 1, { [path] = true }, 0
  local function add(reading, decoded)
    if reading and not seen[reading] then
      seen[reading] = true
      count, bytes = count + 1, bytes + #reading
      readings[count], times[count] = reading, decoded
    end
  end
  local at = 1
  while at <= count do
    local reading, decoded = readings[at], times[at]
    if at > READINGS or bytes > READING_BYTES then
      return readings, count, true, times
    end
    add(without_parameters(reading), decoded)
    add(merged(reading), decoded)
    add(decoded > 0 and cut(reading) or nil, decoded)
    if decoded < 2 then
      add(decode(reading), decoded + 1)
    end
    at = at + 1
  end
  return readings, count, false, times
end

-- In strict mode: does any reading of the path select another method, or is it a form that no path may have? A
-- path with too many readings is taken for ambiguous.
local function is_ambiguous(stage, path, method, chosen)
  local readings, count, too_many, times = readings_of(path)
  if too_many then
    return true
  end
  for at = 2, count do
    local other = method_at(stage, readings[at], method)
    if other and other ~= chosen or times[at] > 0 and forbidden_form(readings[at], false) then
      return true
    end
  end
  return false
end

-- Whether the readings of a path satisfy different ones of these patterns: whoever decodes it then would take it
-- for a path of another rule.
local function is_torn(patterns, path)
  local question = find(path, "?", 1, true)
  path = question and sub(path, 1, question - 1) or path
  local readings, count, too_many = readings_of(path)
  if too_many then
    return true
  end
  for index = 1, #patterns do
    local fits = fits_path(patterns[index], path)
    if fits == nil and count > 1 then
      return true
    end
    for at = 2, count do
      if fits_path(patterns[index], readings[at]) ~= fits then
        return true
      end
    end
  end
  return false
end
