-- Patterns of balancers' rules (compile/rule_pattern.py): `*` any text, `?` one character, `\` before one of these
-- or itself takes its meaning away.
--
-- Cut when a table is read: `*` separates pieces, `?` the chunks of a piece, and a path's text is only searched for
-- chunks, by plain `find`. A regular expression comes as the table of its states, made by expressions/automaton.py.

-- The pieces of a pattern: each its chunks, every one followed by where in the piece it begins, and its size.
local function cut_pattern(text)
  local pieces, piece, size, chunk, begins, at = {}, {}, 0, "", 0, 1
  while at <= #text + 1 do
    local c = byte(text, at)
    if c == nil or c == 42 or c == 63 then
      if chunk ~= "" then
        piece[#piece + 1] = chunk
        piece[#piece + 1] = begins
        chunk = ""
      end
      size = c == 63 and size + 1 or size
      begins = size
      if c ~= 63 then
        piece.size = size
        pieces[#pieces + 1] = piece
        piece, size, begins = {}, 0, 0
      end
    else
      if c == 92 and at < #text then
        at = at + 1
      end
      chunk = chunk .. sub(text, at, at)
      size = size + 1
    end
    at = at + 1
  end
  return pieces
end

-- Whether a piece stands at this place.
local function stands_at(piece, text, start)
  if start + piece.size > #text + 1 then
    return false
  end
  for index = 1, #piece, 2 do
    local chunk, at = piece[index], start + piece[index + 1]
    if sub(text, at, at + #chunk - 1) ~= chunk then
      return false
    end
  end
  return true
end

-- The first place from `first` on where a piece stands and ends by `limit`, or nil.
local function place_of_piece(piece, text, first, limit)
  local last, chunk, offset = limit - piece.size + 1, piece[1], piece[2]
  if not chunk then
    return first <= last and first or nil
  end
  while first <= last do
    local found = find(text, chunk, first + offset, true)
    if not found or found - offset > last then
      return nil
    end
    first = found - offset
    if stands_at(piece, text, first) then
      return first
    end
    first = first + 1
  end
  return nil
end

local function fits_pattern(pieces, text)
  local count, at = #pieces, pieces[1].size + 1
  if not stands_at(pieces[1], text, 1) then
    return false
  elseif count == 1 then
    return at == #text + 1
  end
  local limit = #text - pieces[count].size
  if at > limit + 1 or not stands_at(pieces[count], text, limit + 1) then
    return false
  end
  for index = 2, count - 1 do
    local start = place_of_piece(pieces[index], text, at, limit)
    if not start then
      return false
    end
    at = start + pieces[index].size
  end
  return true
end

-- Whether a whole text fits the expression of a table; nil when the table, having no states, cannot tell.
local function accepts(states, text)
  if #states == 1 then
    return nil
  end
  local width, moves, state = byte(states, 2) - 35, 132, 0 -- 129 symbols stand before the moves
  for index = 1, #text do
    local c = byte(text, index)
    local at = moves + (state * width + byte(states, 3 + (c < 128 and c or 128)) - 35) * 2
    state = (byte(states, at) - 35) * 90 + byte(states, at + 1) - 35
  end
  local count = (#states - moves + 1) / (2 * width + 1) -- of a state come a move for each class, and a verdict
  return byte(states, #states - count + 1 + state) == 49
end

-- A path pattern: a glob, or behind a tab the table of an expression.
local function read_pattern(text)
  return byte(text, 1) == 9 and { states = text } or cut_pattern(text)
end

local function fits_path(pattern, path)
  if pattern.states then
    return accepts(pattern.states, path)
  end
  return fits_pattern(pattern, path)
end
