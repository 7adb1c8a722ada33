from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateline.errors import GatelineError
from gateline.rotation.stages import Stages, Step

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
STAGES = Stages(
    step=Step.CURRENT,
    current=b"new\xff",
    previous=b"old",
    stale=b"older",
    begun=NOW,
    since=NOW,
    problem="none",
)


def test_what_is_kept_is_read_as_it_was() -> None:
    assert Stages.read(STAGES.text()) == STAGES


def test_no_value_is_shown() -> None:
    shown = repr(replace(STAGES, pending=b"newest"))
    assert not any(value in shown for value in ("new", "old", "older", "newest"))


def test_services_are_given_what_is_sent_first_and_never_a_stale_value() -> None:
    assert STAGES.accepted == (b"new\xff", b"old")
    pending = Stages(step=Step.PENDING, current=b"old", pending=b"new", stale=b"older", begun=NOW, since=NOW)
    assert pending.accepted == (b"old", b"new")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"step": "flying"}', STAGES.text().replace(b"=", b"!")]
)
def test_something_else_is_refused_without_being_shown(text: bytes) -> None:
    with pytest.raises(GatelineError, match=r"^what is kept of a secret's stages cannot be understood$"):
        Stages.read(text)
