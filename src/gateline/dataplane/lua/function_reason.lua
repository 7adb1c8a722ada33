-- function_reason.lua: why a function that is a balancer's target did not answer, for the access log.
--
-- It stands in the upstream filter chain of such targets. Whatever becomes of it, the host's header goes no further:
-- a filter behind it removes it (compile/function_target.py).

local NAMESPACE = "gl"
local REASON_HEADER = "x-gl-reason"
local ERROR_REASON = "error_reason"

function envoy_on_response(h)
  local reason = h:headers():get(REASON_HEADER)
  if reason then
    h:streamInfo():dynamicMetadata():set(NAMESPACE, ERROR_REASON, reason)
  end
end
