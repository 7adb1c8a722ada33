"""What Envoy answers by itself at a balancer of the internet."""

from __future__ import annotations

from typing import Any

from gateline.compile.balancer_reply import balancer_reply
from gateline.compile.wire import new

NAME = "envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig"


def mappers() -> list[Any]:
    made: Any = new(NAME, **balancer_reply())
    return list(made.mappers)


def test_every_page_says_who_answers() -> None:
    for mapper in mappers():
        [server] = mapper.headers_to_add
        assert (server.header.key, server.header.value) == ("server", "awselb/2.0")
        page = mapper.body_format_override.text_format_source.inline_string
        assert f"<h1>{mapper.status_code.value} " in page


def test_a_slow_connect_is_told_before_a_refused_one_and_a_client_before_a_target() -> None:
    statuses = [mapper.status_code.value for mapper in mappers()]
    assert statuses == [408, 504, 504, 502, 503, 400, 400, 408, 503, 501, 400]


def test_pages_name_no_server_where_that_is_off() -> None:
    made: Any = new(NAME, **balancer_reply(server=False))
    assert not any(mapper.headers_to_add for mapper in made.mappers)
