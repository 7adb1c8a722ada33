-- Tables: what the script knows, read from lists of netstrings and kept by their ids.

-- Lets 4 MB of garbage gather before it is collected, however little is in use, and never more than what is in
-- use on top: a collection walks through all that is remembered. To be asked for whenever that grows.
local function room_for_garbage()
  collectgarbage("setpause", 200 + math.floor(409600 / collectgarbage("count")))
end

-- A custom domain: its mappings by base path, and how many segments the longest of these has.
local function read_domain(take, apis)
  local domain = { has_certificate = take() == "1", mappings = {}, depth = 0 }
  for _ = 1, tonumber(take()) do
    local base_path, api, stage = take(), take(), take()
    local prefix, slash, depth = "", nil, 0
    if base_path ~= "" then
      prefix = "/" .. base_path
      slash = 1
    end
    while slash do
      slash, depth = find(prefix, "/", slash + 1, true), depth + 1
    end
    domain.depth = math.max(domain.depth, depth)
    domain.mappings[base_path] = { stage = apis[api].stages[stage], prefix = prefix }
  end
  return domain
end

local function read_entry(text)
  local take = reader(text)
  local entry = {
    default = take(), loopback = take() == "1", strict = take() == "1", logged = take() == "1",
    names_servers = take() == "1", keys = take(),
    exact = {}, apis = {}, domains = {}, wildcards = {}, seen = {}, count = 0,
  }
  for _ = 1, tonumber(take()) do
    local host = take()
    entry.exact[host] = take()
  end
  for _ = 1, tonumber(take()) do
    local name = take()
    local api = { execute = take() == "1", stages = {} }
    for _ = 1, tonumber(take()) do
      local stage = take()
      local reference = { scope = name .. "/" .. stage, id = take(), generations = {} }
      for _ = 1, tonumber(take()) do
        local authorizer = take()
        reference.generations[authorizer] = take()
      end
      api.stages[stage] = reference
    end
    entry.apis[name] = api
  end
  for _ = 1, tonumber(take()) do
    local name = take()
    local domain = read_domain(take, entry.apis)
    if sub(name, 1, 2) == "*." then
      entry.wildcards[sub(name, 3)] = domain
    else
      entry.domains[name] = domain
    end
  end
  return entry
end

local function new_node()
  return { static = {} }
end

-- Puts a method where its path template ends; templates are ours, so `find` may walk them freely. Resources
-- without a parameter are also kept by their whole path: nothing is more specific.
local function plant(stage, template, method, record)
  local node, at, static = stage.root, 2, true
  while at <= #template do
    local slash = find(template, "/", at, true) or #template + 1
    local segment = sub(template, at, slash - 1)
    if sub(segment, 1, 1) == "{" then
      static = false
      if sub(segment, -2) == "+}" then
        node.greedy = node.greedy or {}
        node.greedy[method] = record
        return
      end
      node.parameter = node.parameter or new_node()
      node = node.parameter
    else
      local child = node.static[segment]
      if not child then
        child = new_node()
        node.static[segment] = child
      end
      node = child
    end
    at = slash + 1
  end
  node.methods = node.methods or {}
  node.methods[method] = record
  if static then
    stage.static[template] = node.methods
  end
end

-- A source is a pair: its kind, one letter, and an argument.
local function read_source(take)
  local kind, argument = take(), take()
  if kind == "segment" or kind == "greedy" or kind == "body" then
    argument = tonumber(argument)
  end
  return { kind = kind, argument = argument }
end

local function read_authorizer(take)
  local authorizer = { name = take(), kind = take(), keep = take() }
  if authorizer.kind == "token" then
    authorizer.header = take()
  else
    authorizer.sources = {}
    for index = 1, tonumber(take()) do
      authorizer.sources[index] = read_source(take)
    end
  end
  return authorizer
end

local function read_stage(text)
  sethook(overrun, "", TABLE_BUDGET)
  local take = reader(text)
  local stage = {
    root = new_node(), static = {}, depth = tonumber(take()), arn = take(), key_source = take(),
    policy = take(), authorizers = {},
    answers = {},
  }
  for index = 1, tonumber(take()) do
    stage.authorizers[index] = read_authorizer(take)
  end
  for _ = 1, tonumber(take()) do
    local template, method, details = take(), take(), take()
    plant(stage, template, method, { details = details, template = template })
  end
  for _ = 1, tonumber(take()) do -- customised gateway responses, read when one is first needed
    local kind = take()
    stage.answers[kind] = take()
  end
  stage.resource_ids = {}
  for _ = 1, tonumber(take()) do
    local template = take()
    stage.resource_ids[template] = take()
  end
  stage.tells_accept = take() == "1"
  local told = {} -- what Envoy's own answers will say of a request
  for index = 1, tonumber(take()) do
    told[index] = { key = take(), is_header = take() == "1", part = { kind = take(), text = take() } }
  end
  stage.told = (stage.tells_accept or #told > 0) and told
  stage.revision = take() -- of what the host knows of the stage
  sethook(overrun, "", BUDGET)
  room_for_garbage()
  return stage
end

local function read_named_sources(take)
  local list = {}
  for index = 1, tonumber(take()) do
    local name = take()
    list[index] = { name = name, source = read_source(take) }
  end
  return list
end

-- What is asked of a request beside its authorizer; nil for most methods.
local function read_extras(text)
  if text == "" then
    return nil
  end
  local take = reader(text)
  return {
    needs_key = take() == "1", required = read_named_sources(take), inspects = take() == "1",
    asserted = take(), audience = take(), bound = take() == "1", -- the header of the assertion, "" for none
  }
end

-- The details of a method are read when it is first asked for.
local function read_method(record)
  local take = reader(record.details)
  record.kind = take()
  record.route = take()
  record.authorizer = tonumber(take())
  record.parameters = read_named_sources(take)
  record.extras = read_extras(take())
  if record.kind == "error" then
    record.refused, record.why = take(), take()
  elseif record.kind == "mock" then
    record.passthrough = take()
    record.media_types = {}
    for _ = 1, tonumber(take()) do
      record.media_types[take()] = true
    end
  elseif record.kind == "proxy" then
    record.method, record.authority, record.balanced = take(), take(), take() == "1"
    record.patterns = {}
    for index = 1, tonumber(take()) do
      record.patterns[index] = read_pattern(take())
    end
    record.path = {}
    for index = 1, tonumber(take()) do
      record.path[index] = read_source(take)
    end
    record.query = read_named_sources(take)
    record.headers = read_named_sources(take)
    if record.authority == "" and #record.path == 1 and #record.query == 0 and #record.headers == 0 and record.path[1].kind == "literal" then
      record.fixed_path = record.path[1].argument
    end
  end
  record.details = nil
end

local entry, entry_id
local usual = {} -- of the entry table's routes, by name: whether they are for the usual forms
local stages, stage_count = {}, 0

-- The entry table comes with two ids that differ in a trailing `~`: with it, the path has an unusual form.
-- A request that has waited goes on with the newest that this worker knows, since its own context is old. The
-- names of the two routes hold the id too, for a route's name costs a quarter of what its context costs.
local function entry_table(h, is_new)
  local name = h:streamInfo():routeName()
  local plain = usual[name]
  if is_new and plain ~= nil then
    return plain
  end
  local context = h:filterContext()
  local id = context:get("id")
  plain = byte(id, #id) ~= 126
  if not plain then
    id = sub(id, 1, -2)
  end
  if is_new and id ~= entry_id then
    sethook(overrun, "", TABLE_BUDGET)
    entry = read_entry(context:get("table"))
    entry_id, usual = id, {}
    sethook(overrun, "", BUDGET)
  end
  if is_new then -- after a wait the name is another route's
    usual[name] = plain
  end
  return plain
end

-- The table of a stage, from the scope that is chosen now; kept by its id. The entry table names the id, so
-- that the scope is only asked when a table is new.
local function stage_table(reference, metadata)
  local id = metadata:get("id")
  if not id then
    return nil -- the scope is not there: it is on its way, or was just removed
  end
  local kept = stages[reference.scope]
  if not kept or kept.id ~= id then
    if not kept then
      if stage_count >= SCOPES_KEPT then
        stages, stage_count = {}, 0
      end
      stage_count = stage_count + 1
    end
    kept = read_stage(metadata:get("table"))
    kept.id = id
    stages[reference.scope] = kept
  end
  if kept.id == reference.id then
    reference.table = kept
  end
  return kept
end
