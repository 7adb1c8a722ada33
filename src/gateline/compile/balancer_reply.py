"""What Envoy answers by itself at a balancer of the internet, in the balancer's words (load-balancers.md section 9)."""

from __future__ import annotations

from typing import Final

from gateline.compile.error_page import BALANCER_SERVER
from gateline.compile.reply_filter import SLOW_TO_CONNECT, all_of, by_expression, by_flags
from gateline.compile.route import header
from gateline.compile.rule_action import page

_NO_PATH: Final = "response.code_details == 'absolute_path_rejected'"
"""A target that does not begin with a slash: `OPTIONS *`, `http://host?query`."""


def balancer_reply() -> dict[str, object]:
    """The LocalReplyConfig: the first mapper that fits decides. What rules answer carries no flag, and stays."""
    broken = by_flags("UF", "UC", "UR", "UPE", "URX", "LR")
    return {
        "mappers": [
            _page(by_flags("UT", "SI", "UMSDR"), 504),  # the idle timeout
            _page(all_of(by_flags("UF"), by_expression(SLOW_TO_CONNECT)), 504),
            _page(broken, 502),
            _page(by_flags("UH", "NC", "UO"), 503),  # no target is registered
            _page(by_flags("NR"), 400),  # a CONNECT: any other request has a route
            _page(by_expression(_NO_PATH), 400),
        ]
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
