"""What Envoy answers by itself, in API Gateway's words (api-gateway.md sections 4, 5.1 and 14)."""

from __future__ import annotations

from typing import Final

from gateline.compile import names
from gateline.compile.customised_reply import Reply, customised_mappers, native_stages, reply
from gateline.compile.error_page import BALANCER_SERVER
from gateline.compile.remap import remapped
from gateline.compile.reply_filter import SLOW_TO_CONNECT, all_of, by_expression, by_flags, by_metadata
from gateline.compile.route import EXTENDED_REQUEST_ID, REQUEST_ID, header
from gateline.compile.rule_action import page
from gateline.dataplane import keys
from gateline.model.gateway import Gateway

_EARLY_ID = f"%REQ({keys.REQUEST_ID_HEADER})%"
_EARLY_EXTENDED_ID = f"%REQ({keys.REQUEST_ID_HEADER}):15%="
_OVERLOADED: Final = "overload"
_TOO_LARGE: Final = "request_payload_too_large"
"""What Envoy calls it; a 413 of a rule or of a mock is none of this."""

_THROTTLED: Final = "local_rate_limited"
"""What Envoy calls the answer to a request for which no token is left; it has no response flag."""


def _balanced(*flags: str) -> dict[str, object]:
    """A cluster behind an application balancer, which answers by itself there."""
    return all_of(by_expression(f"xds.cluster_name.contains('{names.BEHIND_API}')"), by_flags(*flags))


def _page(filter_: dict[str, object], status: int) -> dict[str, object]:
    """A balancer's error page, as the client of an integration sees it (load-balancers.md section 9)."""
    return {
        "filter": filter_,
        "status_code": {"value": status},
        "body_format_override": {
            "text_format_source": {"inline_string": page(status).replace("%", "%%")},
            "content_type": "text/html",
        },
        "headers_to_add": [
            header("x-amzn-requestid", REQUEST_ID),
            header("x-amz-apigw-id", EXTENDED_REQUEST_ID),
            header(remapped("server"), BALANCER_SERVER),
        ],
    }


def _answer(filter_: dict[str, object], words: Reply, *, marked: bool = True) -> dict[str, object]:
    return {
        "filter": filter_,
        "status_code": {"value": words.status},
        "body_format_override": {
            "text_format_source": {"inline_string": words.body},
            "content_type": "application/json",
        },
        "headers_to_add": [
            header("x-amzn-requestid", REQUEST_ID if marked else _EARLY_ID),
            header("x-amz-apigw-id", EXTENDED_REQUEST_ID if marked else _EARLY_EXTENDED_ID),
            header("x-amzn-errortype", words.error_type),
        ],
    }


def balancer_pages() -> list[dict[str, object]]:
    """Mappers for what an application balancer behind an integration answers when no target does."""
    return [
        # No target is registered; none takes a connection in time; one refuses, or breaks off.
        _page(_balanced("UH", "NC", "UO"), 503),
        _page(all_of(_balanced("UF"), by_expression(SLOW_TO_CONNECT)), 504),
        _page(_balanced("UF", "UC", "UR", "UPE", "URX", "LR"), 502),
    ]


def local_reply(gateway: Gateway) -> dict[str, object]:
    """The LocalReplyConfig: the first mapper that fits decides. Customised answers stand before the defaults."""
    stages = native_stages(gateway)

    def of_type(type_: str, filter_: dict[str, object]) -> list[dict[str, object]]:
        return [*customised_mappers(stages, type_, filter_), _answer(filter_, reply(type_))]

    return {
        "mappers": [
            {"filter": by_metadata(keys.WHY)},  # the script's own answers stay as they are
            *of_type("INTEGRATION_TIMEOUT", by_flags("UT", "SI", "UMSDR")),
            *balancer_pages(),
            *of_type("INTEGRATION_FAILURE", by_flags("UF", "UC", "UR", "UPE", "URX", "LR")),
            # An integration whose host has no address: `Invalid endpoint address` in Amazon's log.
            *of_type("API_CONFIGURATION_ERROR", by_flags("UH", "NC", "UO")),
            # No scope (it is on its way, or was just removed), or an upgrade that no route takes.
            _answer(
                by_flags("NR"), Reply(403, '{"message":"Forbidden"}', "ForbiddenException"), marked=False
            ),
            # Envoy has no memory left for more requests (bootstrap.py).
            _answer(
                by_expression(f"response.code_details == '{_OVERLOADED}'"),
                Reply(503, '{"message":"Service Unavailable"}', "ServiceUnavailableException"),
                marked=False,
            ),
            # A body without a Content-Length that grew over the limit; Amazon's own bytes.
            {
                "filter": by_expression(f"response.code_details == '{_TOO_LARGE}'"),
                "status_code": {"value": 413},
                "body_format_override": {
                    "text_format_source": {
                        "inline_string": f"HTTP content length exceeded {keys.BODY_LIMIT} bytes."
                    },
                    "content_type": "text; charset=utf-8",
                },
            },
            *of_type("THROTTLED", by_expression(f"response.code_details == '{_THROTTLED}'")),
        ]
    }
