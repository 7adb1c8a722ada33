-- Netstrings (`5:hello`): the form in which the script is given what it knows (compile/table.py).

-- A reader of netstrings: each call answers the next string.
local function reader(text)
  local at = 1
  return function()
    local colon = find(text, ":", at, true)
    local length = tonumber(sub(text, at, colon - 1))
    at = colon + length + 1
    return sub(text, colon + 1, colon + length)
  end
end
