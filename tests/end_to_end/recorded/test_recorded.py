"""What the real service was recorded to answer, and to send, asked of this gateway (api-gateway.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from end_to_end.recorded.case import Case, cases, fits, octets
from harness.raw_client import Answer
from harness.recording_backend import Received

from .conftest import Recorded

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("recorded")]


@pytest.mark.parametrize("case", [pytest.param(each, id=f"{each.api}: {each.name}") for each in cases()])
def test_a_recorded_exchange_is_the_same_here(recorded: Recorded, case: Case) -> None:
    if case.backend:
        _prepare(recorded, case)
    answer = recorded.send(case.api, case.send, case.headers, case.body)
    assert answer.status == case.status, (case.section, answer.raw)
    if case.answer is not None:
        assert answer.body == case.answer, case.section
    if case.json is not None:
        assert json.loads(answer.body) == case.json, case.section
    for path, value in case.holds.items():
        assert _at(json.loads(answer.body), path) == value, (case.section, path)
    _check_headers(answer, case.told, case.section)
    if case.got:
        _check_received(recorded.backend.received(), case)


def _prepare(recorded: Recorded, case: Case) -> None:
    answer = case.backend
    body = octets(answer.get("body", ""))
    lines = [f"HTTP/1.1 {answer.get('status', 200)} Said", *answer.get("headers", ())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}"])
    recorded.backend.answers[answer["path"].encode()] = head.encode() + b"\r\n\r\n" + body


def _at(value: Any, path: str) -> Any:
    """The value below keys that are parted by dots, or what says that it is not there."""
    for key in path.split("/"):
        if isinstance(value, dict) and key not in value:
            return "(absent)"
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def _check_headers(message: Answer | Received, expected: Mapping[str, str | None], section: str) -> None:
    for name, value in expected.items():
        found = [each.decode("latin-1") for each in message.all(name.lower().encode())]
        if value is None:
            assert found == [], (section, name)
        else:
            assert found, (section, name)
            assert fits(value, ", ".join(found)), (section, name, found)


def _check_received(received: list[Received], case: Case) -> None:
    if case.got.get("nothing"):
        assert received == [], case.section
        return
    (request,) = received
    assert not request.faults
    for name in ("verb", "target", "body"):
        if name in case.got:
            assert getattr(request, name) == octets(case.got[name]), (case.section, name)
    if "json" in case.got:
        assert json.loads(request.body) == case.got["json"], case.section
    _check_headers(request, case.got.get("headers", {}), case.section)
