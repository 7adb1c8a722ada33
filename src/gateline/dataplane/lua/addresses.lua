-- Addresses: ip_hex(address) answers an address as 32 hex digits, IPv4 as ::ffff:a.b.c.d, or nil when it is none.

local ip_hex

do
  local function ipv4_hex(text)
    local out, count, value, digits = "", 0, 0, 0
    for index = 1, #text + 1 do
      local c = byte(text, index) or 46
      if c == 46 then
        if digits == 0 or value > 255 then
          return nil
        end
        out, count, value, digits = out .. format("%02x", value), count + 1, 0, 0
      elseif c < 48 or c > 57 or digits == 3 or digits > 0 and value == 0 then
        return nil
      else
        value, digits = value * 10 + c - 48, digits + 1
      end
    end
    return count == 4 and out or nil
  end

  -- The groups of one side of `::`; the last may be an IPv4 address where `is_end`.
  local function groups_hex(text, is_end)
    local out, at, last = "", 1, #text + 1
    while at <= last and text ~= "" do
      local colon = find(text, ":", at, true) or last
      local group = sub(text, at, colon - 1)
      if is_end and colon == last and find(group, ".", 1, true) then
        group = ipv4_hex(group)
        if not group then
          return nil
        end
      else
        for index = 1, #group do
          if not hex_value(byte(group, index)) then
            return nil
          end
        end
        if #group == 0 or #group > 4 then
          return nil
        end
        group = sub("000", #group) .. lower(group)
      end
      out = out .. group
      at = colon + 1
    end
    return out
  end

  function ip_hex(address)
    if #address > 128 then
      return nil
    end
    if not find(address, ":", 1, true) then
      local digits = ipv4_hex(address)
      return digits and "00000000000000000000ffff" .. digits
    end
    local zone = find(address, "%", 1, true)
    if zone and (zone == #address or find(address, "%", zone + 1, true)) then
      return nil
    end
    local text = zone and sub(address, 1, zone - 1) or address
    local gap = find(text, "::", 1, true)
    if not gap then
      local digits = groups_hex(text, true)
      return digits and #digits == 32 and digits or nil
    end
    local left, right = groups_hex(sub(text, 1, gap - 1), false), groups_hex(sub(text, gap + 2), true)
    if not left or not right or #left + #right > 28 then
      return nil
    end
    return left .. sub("00000000000000000000000000000000", #left + #right + 1) .. right
  end
end
