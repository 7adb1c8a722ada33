"""What Envoy answers by itself at a balancer of the internet, in the balancer's words (load-balancers.md section 9)."""

from __future__ import annotations

from typing import Final

from gateline.compile.error_page import BALANCER_SERVER
from gateline.compile.reply_filter import SLOW_TO_CONNECT, all_of, by_expression, by_flags
from gateline.compile.route import header
from gateline.compile.rule_action import page

_NO_REQUEST: Final = "response.code_details in ['absolute_path_rejected', 'missing_host_header']"
"""A target that does not begin with a slash (`OPTIONS *`, `http://host?query`), or no Host."""

_HALF_A_HEAD: Final = "response.code_details == 'request_header_timeout'"
_OVERLOADED: Final = "response.code_details == 'overload'"
_OTHER_ENCODING: Final = "response.code_details == 'http1.invalid_transfer_encoding'"
_MALFORMED: Final = "response.code_details.startsWith('http1.') || response.code_details.startsWith('http2.')"
"""No request, or one with too many or too large headers: Envoy says 400 or 431."""


def balancer_reply(*, server: bool = True) -> dict[str, object]:
    """The LocalReplyConfig: the first mapper that fits decides. What rules answer carries no flag, and stays.

    `server`: whether the pages name their server.
    """
    broken = by_flags("UF", "UC", "UR", "UPE", "URX", "LR")
    idle = by_flags("UT", "SI", "UMSDR")
    added = [header("server", BALANCER_SERVER)] if server else []
    pages = [
        (
            all_of(idle, by_expression("response.code == 408")),
            408,
        ),  # the client has not said all of its request
        (idle, 504),
        (all_of(by_flags("UF"), by_expression(SLOW_TO_CONNECT)), 504),
        (broken, 502),
        (by_flags("UH", "NC", "UO"), 503),  # no target is registered
        (by_flags("NR"), 400),  # a CONNECT: any other request has a route
        (by_expression(_NO_REQUEST), 400),
        (by_expression(_HALF_A_HEAD), 408),
        (by_expression(_OVERLOADED), 503),
        (by_expression(_OTHER_ENCODING), 501),
        (by_expression(_MALFORMED), 400),
    ]
    return {"mappers": [{**_page(filter_, status), "headers_to_add": added} for filter_, status in pages]}


def _page(filter_: dict[str, object], status: int) -> dict[str, object]:
    return {
        "filter": filter_,
        "status_code": {"value": status},
        "body_format_override": {
            "text_format_source": {"inline_string": page(status).replace("%", "%%")},
            "content_type": "text/html",
        },
    }
