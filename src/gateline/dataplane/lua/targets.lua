-- Targets: why one must not pass, whatever rules it fits.

-- Whether what a path becomes when it is decoded is of a form that no path may have.
local function has_forbidden_reading(path)
  local readings, count, too_many, times = readings_of(path)
  for at = 2, too_many and 0 or count do
    if times[at] > 0 and forbidden_form(readings[at], false) then
      return true
    end
  end
  return too_many
end

-- The reason, or nil.
local function refused_target(target, strict)
  local question = find(target, "?", 1, true)
  local path = question and sub(target, 1, question - 1) or target
  if byte(path, 1) ~= 47 then
    return "request_target"
  elseif find(target, "#", 1, true) then
    return "path_fragment"
  end
  local decoded = decode(path)
  local why = forbidden_form(path, true) or not decoded and "path_percent" or forbidden_form(decoded, false)
  return why or strict and has_forbidden_reading(path) and "path_ambiguous" or nil
end
