-- client_certificate.lua: tells targets who the client is, where a listener asks clients for certificates.
--
-- Amazon's headers and forms (load-balancers.md section 6). What a certificate says is worked out once for each:
-- connections and requests with the same one find it here. A request of which this cannot be said goes nowhere.

local sub, find, concat, upper, format = string.sub, string.find, table.concat, string.upper, string.format

local KEPT = 1024
local kept, count = {}, 0

-- A PEM as Envoy encodes it, with `+`, `/` and `=` as they are.
local SAFE = { ["%2B"] = "+", ["%2F"] = "/", ["%3D"] = "=" }

local function amazons_form(encoded)
  local parts, parts_count, at = {}, 0, 1
  while true do
    local percent = find(encoded, "%", at, true)
    if not percent then
      break
    end
    local escape = sub(encoded, percent, percent + 2)
    parts[parts_count + 1] = sub(encoded, at, percent - 1)
    parts[parts_count + 2] = SAFE[escape] or escape
    parts_count = parts_count + 2
    at = percent + 3
  end
  parts[parts_count + 1] = sub(encoded, at)
  return concat(parts)
end

local function utc(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

local function described(ssl, context)
  local told = {}
  if context:get("mode") == "passthrough" then
    told[context:get("Chain")] = amazons_form(ssl:urlEncodedPemEncodedPeerCertificateChain())
    return told
  end
  told[context:get("Serial-Number")] = upper(ssl:serialNumberPeerCertificate())
  told[context:get("Issuer")] = ssl:issuerPeerCertificate()
  told[context:get("Subject")] = ssl:subjectPeerCertificate()
  told[context:get("Validity")] = format("NotBefore=%s;NotAfter=%s",
    utc(ssl:validFromPeerCertificate()), utc(ssl:expirationPeerCertificate()))
  told[context:get("Leaf")] = amazons_form(ssl:urlEncodedPemEncodedPeerCertificate())
  return told
end

local function serve(h)
  local ssl = h:streamInfo():downstreamSslConnection()
  if not ssl or not ssl:peerCertificatePresented() then
    return -- only where none is demanded
  end
  -- Two chains may end in one certificate: where the chain is told, it is not remembered.
  local context = h:filterContext()
  local key = context:get("mode") ~= "passthrough" and ssl:sha256PeerCertificateDigest()
  local told = key and kept[key]
  if not told then
    told = described(ssl, context)
    if key then
      if count >= KEPT then
        kept, count = {}, 0
      end
      kept[key], count = told, count + 1
    end
  end
  local headers = h:headers()
  for name, value in pairs(told) do
    headers:replace(name, value)
  end
end

function envoy_on_request(h)
  local ok, problem = pcall(serve, h)
  if not ok then
    h:logErr("client_certificate.lua: " .. tostring(problem))
    return h:respond({ [":status"] = "500", server = "awselb/2.0" }, "")
  end
end
