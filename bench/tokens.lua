-- What wrk sends: tokens in the header Authorization. Arguments: prefix, how many (0: every one is new), status.

local threads = {}
local prefix, count, expected
local sent = 0
local one

unexpected = 0 -- global: `done` reads it through thread:get

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  prefix, count, expected = arguments[1], tonumber(arguments[2]), tonumber(arguments[3])
  if count == 1 then
    wrk.headers["Authorization"] = prefix .. "0"
    one = wrk.format()
  end
end

function request()
  if one then return one end
  local number = sent
  sent = sent + 1
  if count > 0 then number = number % count end
  wrk.headers["Authorization"] = prefix .. number
  return wrk.format()
end

function response(status)
  if status ~= expected then unexpected = unexpected + 1 end
end

function done()
  local total = 0
  for _, thread in ipairs(threads) do total = total + thread:get("unexpected") end
  io.write(string.format("unexpected status: %d\n", total))
end
