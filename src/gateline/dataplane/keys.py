"""Words that `gateway.lua` and the compiler must agree on, written once for Python.

`tests/dataplane/test_keys.py` compares them with the script's own constants.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "gl"  # dynamic metadata of ours; no filter but the script writes it
WHY: Final = "why"  # the reason code of a refusal
REQUEST: Final = "request"  # "VERB /path" as the client sent it, only while a request log is written
ACCEPT: Final = "accept"  # the media type that the client asks for first, where an answer depends on it
REQUEST_ID_STATE: Final = "gl.rid"  # filter state with the request id, for response headers and logs
ROUTE_STATE: Final = "gl.route"  # filter state that names the route, set last: the end mark that routes need
SCOPE_HEADER: Final = "x-gl-scope"  # selects the scope; stripped from clients, overwritten by the script
REQUEST_ID_HEADER: Final = "x-gl-rid"  # the request's id, made by Envoy; stripped from clients
EGRESS_HEADER: Final = "x-gl-egress"  # the host names the route of what it sends to a backend
FAILURE_HEADER: Final = "x-gl-failure"  # Envoy's flags, when it and no backend answers the host
CALL_HEADER: Final = "x-gl-call"  # tells the host what a request is about; stripped from clients
TARGET_HEADER: Final = "x-gl-target"  # tells the host which target group a request was forwarded to
SOURCE_HEADER: Final = "x-gl-source"  # and from which address; a health check has none
REASON_HEADER: Final = (
    "x-gl-reason"  # of the host's answer: Amazon's word for what went wrong; no client gets it
)
ERROR_REASON: Final = "error_reason"  # dynamic metadata: that word, for a balancer's access log
ABSENT: Final = "x-gl-absent"  # stands for a header that the client did not send, where Envoy would add one
AUTHORIZER: Final = "authorizer"  # dynamic metadata: hit or miss, only while a request log is written
THROTTLE: Final = "throttle"  # dynamic metadata: the plan and the key of a caller whose plan throttles
TRANSFORMED: Final = "gl.transformed"  # dynamic metadata: what a rule's transforms made of host and target
UNTRANSFORMED: Final = "untransformed"  # dynamic metadata: they made nothing that may be sent
HOST_CLUSTER: Final = "host"
FUNCTIONS_CLUSTER: Final = "host functions"  # the host too, with bounds of its own: bodies travel there
ENTRY_SCOPE: Final = "@entry"  # the scope of the first pass; no API name can hold an @
URL_LIMIT: Final = 10240
BODY_LIMIT: Final = 10485760
