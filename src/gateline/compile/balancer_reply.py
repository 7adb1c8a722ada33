"""What Envoy answers by itself at a balancer of the internet, in the balancer's words (load-balancers.md section 9)."""

from __future__ import annotations

from gateline.compile.error_page import BALANCER_SERVER
from gateline.compile.route import header
from gateline.compile.rule_action import page
from gateline.compile.wire import extension


def balancer_reply() -> dict[str, object]:
    """The LocalReplyConfig: the first mapper that fits decides. What rules answer carries no flag, and stays."""
    broken = _by_flags("UF", "UC", "UR", "UPE", "URX", "LR")
    return {
        "mappers": [
            _page(_by_flags("UT", "SI", "UMSDR"), 504),  # the idle timeout
            _page({"and_filter": {"filters": [_by_flags("UF"), _slow_to_connect()]}}, 504),
            _page(broken, 502),
            _page(_by_flags("UH", "NC", "UO"), 503),  # no target is registered
            _page(_by_flags("NR"), 400),  # a CONNECT: any other request has a route
        ]
    }


def _by_flags(*flags: str) -> dict[str, object]:
    return {"response_flag_filter": {"flags": list(flags)}}


def _slow_to_connect() -> dict[str, object]:
    return {
        "extension_filter": extension(
            "envoy.access_loggers.extension_filters.cel",
            "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            expression="response.code_details.contains('connection_timeout')",
        )
    }


def _page(filter_: dict[str, object], status: int) -> dict[str, object]:
    return {
        "filter": filter_,
        "status_code": {"value": status},
        "body_format_override": {
            "text_format_source": {"inline_string": page(status).replace("%", "%%")},
            "content_type": "text/html",
        },
        "headers_to_add": [header("server", BALANCER_SERVER)],
    }
