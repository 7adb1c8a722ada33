"""What Envoy answers by itself, in API Gateway's words (api-gateway.md sections 4, 5.1 and 14)."""

from __future__ import annotations

from gateline.compile.route import EXTENDED_REQUEST_ID, REQUEST_ID, header
from gateline.dataplane import keys

_EARLY_ID = f"%REQ({keys.REQUEST_ID_HEADER})%"
_EARLY_EXTENDED_ID = f"%REQ({keys.REQUEST_ID_HEADER}):15%="


def _by_flags(*flags: str) -> dict[str, object]:
    return {"response_flag_filter": {"flags": list(flags)}}


def _by_status(status: int) -> dict[str, object]:
    comparison = {"op": "EQ", "value": {"default_value": status, "runtime_key": "gateline.local_reply"}}
    return {"status_code_filter": {"comparison": comparison}}


def _reasoned() -> dict[str, object]:
    matcher = {
        "filter": keys.NAMESPACE,
        "path": [{"key": keys.WHY}],
        "value": {"present_match": True},
    }
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": {"value": False}}}


def _answer(
    filter_: dict[str, object], status: int, body: str, error_type: str, *, marked: bool = True
) -> dict[str, object]:
    return {
        "filter": filter_,
        "status_code": {"value": status},
        "body_format_override": {
            "text_format_source": {"inline_string": body},
            "content_type": "application/json",
        },
        "headers_to_add": [
            header("x-amzn-requestid", REQUEST_ID if marked else _EARLY_ID),
            header("x-amz-apigw-id", EXTENDED_REQUEST_ID if marked else _EARLY_EXTENDED_ID),
            header("x-amzn-errortype", error_type),
        ],
    }


def local_reply() -> dict[str, object]:
    """The LocalReplyConfig: the first mapper that fits decides."""
    internal = "InternalServerErrorException"
    return {
        "mappers": [
            {"filter": _reasoned()},  # the script's own answers stay as they are
            _answer(
                _by_flags("UT", "SI", "UMSDR"), 504, '{"message": "Endpoint request timed out"}', internal
            ),
            _answer(
                _by_flags("UF", "UC", "UR", "UPE", "URX", "LR"),
                504,
                '{"message": "Network error communicating with endpoint"}',
                internal,
            ),
            # An integration whose host has no address: `Invalid endpoint address` in Amazon's log.
            _answer(_by_flags("UH", "NC", "UO"), 500, '{"message": "Internal server error"}', internal),
            # No scope (it is on its way, or was just removed), or an upgrade that no route takes.
            _answer(_by_flags("NR"), 403, '{"message":"Forbidden"}', "ForbiddenException", marked=False),
            # A body without a Content-Length that grew over the limit; Amazon's own bytes.
            {
                "filter": _by_status(413),
                "status_code": {"value": 413},
                "body_format_override": {
                    "text_format_source": {
                        "inline_string": f"HTTP content length exceeded {keys.BODY_LIMIT} bytes."
                    },
                    "content_type": "text; charset=utf-8",
                },
            },
        ]
    }
