-- Patterns of balancers' rules (compile/rule_pattern.py): `*` any text, `?` one character, `\` before one of these
-- or itself takes its meaning away. Two pointers, and never back further than to the last `*`.

local function fits_pattern(pattern, text)
  local p, t, star, star_text = 1, 1, nil, nil
  local pattern_length, text_length = #pattern, #text
  while t <= text_length do
    local c = byte(pattern, p)
    local step = 1
    if c == 92 and p < pattern_length then
      c, step = byte(pattern, p + 1), 2
    elseif c == 42 then
      star, star_text = p, t
      p = p + 1
      step = 0
    elseif c == 63 then
      c = byte(text, t)
    end
    if step > 0 then
      if p <= pattern_length and c == byte(text, t) then
        p, t = p + step, t + 1
      elseif star then
        p, star_text = star + 1, star_text + 1
        t = star_text
      else
        return false
      end
    end
  end
  while byte(pattern, p) == 42 do
    p = p + 1
  end
  return p > pattern_length
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
    local fits = fits_pattern(patterns[index], path)
    for at = 2, count do
      if fits_pattern(patterns[index], readings[at]) ~= fits then
        return true
      end
    end
  end
  return false
end
