-- mismatch.lua: the answer of routes whose target groups do not speak what the client does.
--
-- Envoy turns its own answers to gRPC into 200 with a code of gRPC. A balancer says 464 to everybody.

function envoy_on_response(h)
  pcall(function()
    local headers = h:headers()
    headers:replace(":status", "464")
    headers:replace("content-type", "text/html")
    headers:remove("grpc-status")
    headers:remove("grpc-message")
  end)
end
