-- A stream handle as Envoy's Lua filter gives one to envoy_on_request, strict where Envoy is:
-- a method that it does not have is an error, and respond() ends the script for good (it never returns).
--
-- `new_handle(request, envoy)` answers the handle and a record of what was done with it. `request` and `envoy`
-- come from simulated_envoy.py; texts are bytes.

local function lowered(name)
  if name ~= string.lower(name) then
    error("Envoy keeps header names in lower case; asked for " .. name)
  end
  return name
end

-- Envoy's LuaJIT knows __pairs, this one may not.
local plain_pairs = pairs
local listed = setmetatable({}, { __mode = "k" })

function pairs(value)
  local list = listed[value]
  if not list then
    return plain_pairs(value)
  end
  local index = 0
  return function()
    index = index + 1
    if list[index] then
      return list[index][1], list[index][2]
    end
  end
end

local function header_map(list)
  local map = {}
  listed[map] = list

  local function values(name)
    local found = {}
    for _, header in ipairs(list) do
      if header[1] == lowered(name) then
        found[#found + 1] = header[2]
      end
    end
    return found
  end

  function map:get(name)
    local found = values(name)
    if #found == 0 then
      return nil
    end
    return table.concat(found, ",")
  end

  function map:getNumValues(name)
    return #values(name)
  end

  function map:getAtIndex(name, index)
    return values(name)[index + 1]
  end

  function map:remove(name)
    for index = #list, 1, -1 do
      if list[index][1] == lowered(name) then
        table.remove(list, index)
      end
    end
  end

  function map:add(name, value)
    assert(type(value) == "string", "a header's value must be a string")
    list[#list + 1] = { lowered(name), value }
  end

  function map:replace(name, value)
    assert(type(value) == "string", "a header's value must be a string")
    for index = 1, #list do
      if list[index][1] == lowered(name) then
        list[index][2] = value
        for later = #list, index + 1, -1 do
          if list[later][1] == name then
            table.remove(list, later)
          end
        end
        return
      end
    end
    map:add(name, value)
  end

  return map
end

local function read_only(values)
  local map = {}

  function map:get(name)
    return values[name]
  end

  return map
end

local function stream_info(request, record)
  local info = {}
  local metadata, state = {}, {}

  function metadata:set(namespace, key, value)
    record.metadata[namespace] = record.metadata[namespace] or {}
    record.metadata[namespace][key] = value
  end

  function metadata:get(namespace)
    return record.metadata[namespace]
  end

  function state:set(name, factory, value)
    assert(factory == "envoy.string" and type(value) == "string")
    record.filter_state[name] = value
  end

  function state:get(name)
    return record.filter_state[name]
  end

  function info:dynamicMetadata()
    return metadata
  end

  function info:filterState()
    return state
  end

  function info:downstreamLocalAddress()
    return request.local_address
  end

  function info:downstreamRemoteAddress()
    return request.remote_address
  end

  function info:downstreamDirectRemoteAddress()
    return request.remote_address
  end

  function info:requestedServerName()
    return request.server_name
  end

  function info:protocol()
    return request.protocol
  end

  return info
end

local function new_handle(request, envoy)
  local list = {}
  for index = 1, #request.headers do
    list[index] = { request.headers[index][1], request.headers[index][2] }
  end
  local record = { headers = list, metadata = request.metadata or {}, filter_state = {}, logged = {}, clears = 0 }
  local headers, info, handle = header_map(list), stream_info(request, record), {}
  record.asked = {}
  local waits = 0 -- what was handed out before the last wait is dead

  local function alive(map)
    local born = waits
    return setmetatable({}, { __index = function(_, name)
      assert(born == waits, "object used outside of proper scope")
      return map[name]
    end })
  end
  local first = envoy.context(headers)
  local context, route = first.context, nil

  function info:routeName()
    return record.clears == 0 and first.name or headers:get("x-gl-scope") .. " table"
  end

  function handle:headers()
    local lent = alive(headers)
    listed[lent] = list
    return lent
  end

  function handle:httpCall(cluster, head, body, timeout)
    assert(debug.gethook() == nil, "a hook that is set while a request waits ends another one")
    assert(type(timeout) == "number")
    record.asked[#record.asked + 1] = { cluster = cluster, path = head[":path"], body = body, call = head["x-gl-call"] }
    local reply = coroutine.yield("httpCall")
    waits = waits + 1
    return { [":status"] = reply.status }, reply.body
  end

  function handle:body()
    assert(debug.gethook() == nil, "a hook that is set while a request waits ends another one")
    waits = waits + 1
    if request.body == "" then
      return nil
    end
    return {
      length = function() return #request.body end,
      getBytes = function(_, at, count) return string.sub(request.body, at + 1, at + count) end,
    }
  end

  function handle:filterContext()
    return read_only(context) -- stays the first route's, whatever is cleared (envoy-facts.md section 9.3)
  end

  function handle:clearRouteCache()
    record.clears = record.clears + 1
    route = nil
  end

  function handle:metadata()
    route = route or envoy.metadata(headers:get("x-gl-scope"), record.filter_state)
    return alive(read_only(route))
  end

  function handle:streamInfo()
    return alive(info)
  end

  function handle:timestamp()
    return request.timestamp
  end

  function handle:base64Escape(text)
    return envoy.base64(text)
  end

  function handle:logErr(text)
    record.logged[#record.logged + 1] = text
  end

  function handle:respond(answer, body)
    record.answer, record.body = answer, body or ""
    coroutine.yield()
    error("Envoy never goes on with a script that has responded")
  end

  return handle, record
end

-- Runs one request as Envoy does: in a coroutine of its own. What the script throws is the caller's. While it
-- waits for an answer, `envoy.host` gives it one (and may do what else happens meanwhile).
return function(request, envoy)
  local handle, record = new_handle(request, envoy)
  local script = coroutine.create(envoy.answers and envoy_on_response or envoy_on_request)
  local ok, problem = coroutine.resume(script, handle)
  while ok and problem == "httpCall" do
    local asked = record.asked[#record.asked]
    ok, problem = coroutine.resume(script, envoy.host(asked.body, asked.path, asked.call))
  end
  record.hooked = debug.gethook() ~= nil
  record.ended = coroutine.status(script) == "dead"
  if not ok then
    record.thrown = tostring(problem)
  end
  return record
end
