-- What is handed to clients and must come back as it was: ChaCha20 and HChaCha20, which need no more than the
-- 32-bit operations that LuaJIT has (RFC 8439; HChaCha20: draft-irtf-cfrg-xchacha, section 2.2).
--
-- sealed() is deterministic (SIV, RFC 5297's order of things): the tag is a keyed digest of the text, and seeds the
-- key stream. Equal texts have equal seals, which is what lets them be remembered.

jit.off()

local find, sub, byte, char = string.find, string.sub, string.byte, string.char
local format, rep, concat, tonumber = string.format, string.rep, table.concat, tonumber
local sethook, getinfo = debug.sethook, debug.getinfo
local bxor, rol, tobit, band, rshift = bit.bxor, bit.rol, bit.tobit, bit.band, bit.rshift

local TAG_BYTES = 16

local function quarter(s, a, b, c, d)
  local sa, sb, sc, sd = s[a], s[b], s[c], s[d]
  sa = tobit(sa + sb)
  sd = rol(bxor(sd, sa), 16)
  sc = tobit(sc + sd)
  sb = rol(bxor(sb, sc), 12)
  sa = tobit(sa + sb)
  sd = rol(bxor(sd, sa), 8)
  sc = tobit(sc + sd)
  sb = rol(bxor(sb, sc), 7)
  s[a], s[b], s[c], s[d] = sa, sb, sc, sd
end

-- The state of a key (8 words) and an input (4 words), after the 20 rounds.
local function permuted(key, one, two, three, four)
  local s = {
    0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
    key[1], key[2], key[3], key[4], key[5], key[6], key[7], key[8], one, two, three, four,
  }
  for _ = 1, 10 do
    quarter(s, 1, 5, 9, 13)
    quarter(s, 2, 6, 10, 14)
    quarter(s, 3, 7, 11, 15)
    quarter(s, 4, 8, 12, 16)
    quarter(s, 1, 6, 11, 16)
    quarter(s, 2, 7, 12, 13)
    quarter(s, 3, 8, 9, 14)
    quarter(s, 4, 5, 10, 15)
  end
  return s
end

-- HChaCha20: a key of a key and 16 bytes.
local function subkey(key, one, two, three, four)
  local s = permuted(key, one, two, three, four)
  return { s[1], s[2], s[3], s[4], s[13], s[14], s[15], s[16] }
end

-- The word (little endian) at a place of a text.
local function word(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return tobit(a + b * 256 + c * 65536 + d * 16777216)
end

local function bytes_of(number)
  return char(band(number, 255), band(rshift(number, 8), 255), band(rshift(number, 16), 255), rshift(number, 24))
end

-- A key of 32 bytes.
local function key_of(text)
  local key = {}
  for index = 1, 8 do
    key[index] = word(text, index * 4 - 3)
  end
  return key
end

-- A key of a key and a text of any length. The length comes first, so that no text begins another one.
local function derived(key, text)
  text = bytes_of(#text) .. text
  text = text .. rep("\0", -#text % 16)
  for at = 1, #text, 16 do
    key = subkey(key, word(text, at), word(text, at + 4), word(text, at + 8), word(text, at + 12))
  end
  return key
end

-- ChaCha20 with a counter from 0 and no nonce: each key is used for one text.
local function streamed(key, text)
  local out, count = {}, 0
  for block = 0, math.floor((#text - 1) / 64) do
    local s = permuted(key, block, 0, 0, 0)
    local first = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
      key[1], key[2], key[3], key[4], key[5], key[6], key[7], key[8], block, 0, 0, 0 }
    for index = 1, 16 do
      local stream = bytes_of(tobit(s[index] + first[index]))
      for at = 1, 4 do
        local here = block * 64 + (index - 1) * 4 + at
        if here > #text then
          return concat(out)
        end
        count = count + 1
        out[count] = char(bxor(byte(text, here), byte(stream, at)))
      end
    end
  end
  return concat(out)
end

-- The two keys of a purpose.
local function keys_for(master, purpose)
  local own = derived(master, purpose)
  return { tags = derived(own, "tags"), texts = derived(own, "texts") }
end

local function tag_of(keys, text)
  local key = derived(keys.tags, text)
  return bytes_of(key[1]) .. bytes_of(key[2]) .. bytes_of(key[3]) .. bytes_of(key[4])
end

local function stream_key(keys, tag)
  return subkey(keys.texts, word(tag, 1), word(tag, 5), word(tag, 9), word(tag, 13))
end

local function hex(text)
  local out = {}
  for at = 1, #text do
    out[at] = format("%02x", byte(text, at))
  end
  return concat(out)
end

-- What `hex` was made of; nil for anything else.
local function from_hex(text)
  local out = {}
  for at = 1, #text, 2 do
    local high, low = byte(text, at, at + 1)
    high = high and (high >= 48 and high <= 57 and high - 48 or high >= 97 and high <= 102 and high - 87)
    low = low and (low >= 48 and low <= 57 and low - 48 or low >= 97 and low <= 102 and low - 87)
    if not high or not low then
      return nil
    end
    out[#out + 1] = char(high * 16 + low)
  end
  return concat(out)
end

local function sealed(keys, text)
  local tag = tag_of(keys, text)
  return hex(tag .. streamed(stream_key(keys, tag), text))
end

-- The text that was sealed with these keys; nil when it was not.
local function opened(keys, seal)
  local raw = from_hex(seal)
  if not raw or #raw <= TAG_BYTES then
    return nil
  end
  local tag = sub(raw, 1, TAG_BYTES)
  local text = streamed(stream_key(keys, tag), sub(raw, TAG_BYTES + 1))
  local expected, differs = tag_of(keys, text), 0
  for at = 1, TAG_BYTES do
    differs = differs + bxor(byte(tag, at), byte(expected, at))
  end
  return differs == 0 and text or nil
end
