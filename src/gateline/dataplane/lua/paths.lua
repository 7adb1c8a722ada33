-- Paths: forms that no path may have, and the readings that a backend may give one.

-- Percent-decodes once; nil when malformed.
local function decode(text, plus_is_space)
  if not find(text, "%", 1, true) and not (plus_is_space and find(text, "+", 1, true)) then
    return text
  end
  local out, count, index = {}, 0, 1
  while index <= #text do
    local c = byte(text, index)
    if c == 37 then
      local high, low = hex_value(byte(text, index + 1)), hex_value(byte(text, index + 2))
      if not high or not low then
        return nil
      end
      c = high * 16 + low
      index = index + 2
    elseif c == 43 and plus_is_space then
      c = 32
    end
    count = count + 1
    out[count] = char(c)
    index = index + 1
  end
  return concat(out)
end

-- A lead byte and its first continuation byte that spell a character in more bytes than it needs: `%e0%80%af`.
local function is_overlong(lead, c)
  return c < 192 and (lead == 224 and c < 160 or lead == 240 and c < 144 or lead == 248 and c < 136
    or lead == 252 and c < 132)
end

-- The texts between slashes, each up to its first `;`.
local function bare_segments(path)
  local segments, count, at, last, semicolon = {}, 0, 1, #path + 1, 0
  while at <= last do
    local slash = find(path, "/", at, true) or last
    if semicolon < at then
      semicolon = find(path, ";", at, true) or last
    end
    count = count + 1
    segments[count] = sub(path, at, (semicolon < slash and semicolon or slash) - 1)
    at = slash + 1
  end
  return segments, count
end

-- Why a text of a path has a byte that no path may have, or nil.
local function forbidden_byte(path, is_raw)
  local previous = 0
  for index = 1, #path do
    local c = byte(path, index)
    if c < 32 or c == 127 then
      return "path_control_byte"
    elseif c == 92 then
      return "path_backslash"
    elseif c == 35 and is_raw then
      return "path_fragment"
    elseif c >= 128 and (c == 192 or c == 193 or is_overlong(previous, c)) then
      return "path_overlong_utf8"
    end
    previous = c
  end
  return nil
end

local function dot_segment(path)
  if find(path, "/.", 1, true) then
    local segments, count = bare_segments(path)
    for index = 1, count do
      if segments[index] == "." or segments[index] == ".." then
        return "path_dot_segment"
      end
    end
  end
  return nil
end

-- Why a path (decoded or not) must not pass in any mode, or nil.
local function forbidden_form(path, is_raw)
  return forbidden_byte(path, is_raw) or dot_segment(path)
end

local function without_parameters(path)
  if not find(path, ";", 1, true) then
    return path
  end
  return concat(bare_segments(path), "/")
end

local function merged(path)
  if not find(path, "//", 1, true) then
    return path
  end
  local out, count, previous = {}, 0, 0
  for index = 1, #path do
    local c = byte(path, index)
    if c ~= 47 or previous ~= 47 then
      count = count + 1
      out[count] = char(c)
    end
    previous = c
  end
  return concat(out)
end

-- Whether a header's value begins or ends with white space. HTTP/2 forbids it (RFC 9113 section 8.2.1) and Envoy
-- lets it pass; whoever reads it over HTTP/1 reads the value without.
local function has_loose_value(headers)
  local found = false
  for _, value in pairs(headers) do
    local first, last = byte(value, 1), byte(value, #value)
    found = found or first == 32 or first == 9 or last == 32 or last == 9
  end
  return found
end
