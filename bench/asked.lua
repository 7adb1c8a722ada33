-- What wrk sends when a verb, a body or a status is said. Arguments: verb, bytes of a JSON body (0: none), status.
-- Headers are wrk's own business (-H).

local threads = {}
local expected

unexpected = 0 -- global: `done` reads it through thread:get

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  local size = tonumber(arguments[2])
  wrk.method, expected = arguments[1], tonumber(arguments[3])
  if size > 0 then
    local open, close = '{"name": "rex", "tags": ["small", "brown"], "age": 7, "notes": "', '"}'
    wrk.body = open .. string.rep("n", size - #open - #close) .. close
  end
end

function response(status)
  if status ~= expected then unexpected = unexpected + 1 end
end

function done()
  local total = 0
  for _, thread in ipairs(threads) do total = total + thread:get("unexpected") end
  io.write(string.format("unexpected status: %d\n", total))
end
