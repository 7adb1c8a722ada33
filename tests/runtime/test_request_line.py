from __future__ import annotations

import json
import time

import pytest

from gateline.compile.resources import RouteRow
from gateline.model.origin import Origin
from gateline.runtime.request_line import (
    LONGEST_PATH,
    as_json,
    as_text,
    printable,
    record,
    renderer,
    without_values,
)
from gateline.runtime.request_log import LogFormat

ROW = RouteRow(
    api="orders",
    stage="prod",
    method="GET",
    path="/orders/{id}",
    authorization="NONE",
    integration="http_proxy",
    target="http://internal.orders/{id}",
    route="prod/orders",
    origin=Origin("swagger.json"),
)
RECORD = {
    "time": "2026-01-01T12:01:02.123Z",
    "method": "GET",
    "path": "/prod/orders/1",
    "status": 200,
    "ms": 3,
    "why": "-",
    "route": "prod/orders",
    "flags": None,
    "request_id": "abc",
    "upstream": "10.0.0.1:80",
}


ROWS = {"prod/orders": ROW}


def read(rows: dict[str, RouteRow] = ROWS, **changed: object) -> dict[str, str | int]:
    told = record(json.dumps({**RECORD, **changed}).encode(), rows)
    assert told is not None
    return told


def text(rows: dict[str, RouteRow] = ROWS, **changed: object) -> str:
    return as_text(read(rows, **changed), rows)


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_a_request_is_one_line_with_its_route_and_target() -> None:
    assert text() == (
        "12:01:02.123 GET /prod/orders/1 200 3 ms  orders GET /orders/{id} → http://internal.orders/{id}"
    )


def test_the_path_is_the_one_that_the_client_sent() -> None:
    told = read(method="POST", path="/mapped", request="GET /prod/orders/1?x=2")
    assert (told["method"], told["path"]) == ("GET", "/prod/orders/1?x=…")


def test_a_refusal_says_why() -> None:
    line = text({}, status=403, ms=0, why="no_such_method", flags="NR", route="-")
    assert line == "12:01:02.123 GET /prod/orders/1 403 0 ms  no_such_method NR"


def test_it_says_whether_the_authorizers_decision_was_remembered() -> None:
    assert "3 ms  authorizer hit  orders GET /orders/{id}" in text(authorizer="hit")
    assert "403 3 ms  authorizer_deny  authorizer miss" in text(
        status=403, why="authorizer_deny", authorizer="miss", route="-"
    )


def test_the_status_is_coloured_for_a_terminal() -> None:
    assert "\x1b[31m503\x1b[0m" in as_text(read(status=503), ROWS, colour=True)


def test_values_of_a_query_are_not_shown() -> None:
    assert without_values("/a?token=hunter2&flag&x=") == "/a?token=…&flag&x=…"
    assert "hunter2" not in text(path="/a?token=hunter2")
    assert "hunter2" not in as_json(read(path="/a?token=hunter2"))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("/\x1b[2Jx", "/\\x1b[2Jx"),
        ("/\r\nx", "/\\r\\nx"),
        ("/\x9b31m", "/\\x9b31m"),
        ("/\u202egpj", "/\\u202egpj"),
        ("/\x7f", "/\\x7f"),
        ("/\ud800", "/\\ud800"),
        ("/bücher", "/bücher"),
    ],
    ids=["escape", "line end", "C1", "bidi", "DEL", "surrogate", "letters"],
)
def test_what_a_terminal_would_obey_is_written_out(sent: str, shown: str) -> None:
    assert printable(sent) == shown
    assert f" {shown} " in text(path=sent)


@pytest.mark.parametrize("key", ["method", "why", "flags", "time"])
def test_no_field_lets_an_escape_through(key: str) -> None:
    assert "\x1b" not in text({}, **{key: "\x1b[2J"})


def test_a_line_of_json_is_ascii_and_holds_the_known_keys_alone() -> None:
    assert as_json(read(path="/\x9b\x1b", secret="hunter2")) == (
        '{"time":"2026-01-01T12:01:02.123Z","method":"GET","path":"/\\u009b\\u001b","status":200,"ms":3,'
        '"route":"prod/orders","upstream":"10.0.0.1:80","request_id":"abc","api":"orders","stage":"prod"}'
    )


def test_a_long_path_is_cut() -> None:
    assert f"/{'x' * (LONGEST_PATH - 1)}… 200" in text(path="/" + "x" * 9000)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"\xff", b"1"])
def test_what_is_no_record_is_none(line: bytes) -> None:
    assert record(line, ROWS) is None


def test_records_become_lines_of_the_wanted_kind() -> None:
    line = json.dumps({"method": "GET", "path": "/a", "status": 200, "ms": 3}).encode()
    as_lines = renderer(LogFormat.JSON, lambda: ROWS, colour=False)
    as_words = renderer(LogFormat.PRETTY, lambda: ROWS, colour=False)
    assert json.loads(as_lines(line) or "")["path"] == "/a"
    assert " /a " in (as_words(line) or "")
    assert as_lines(b"") is None
