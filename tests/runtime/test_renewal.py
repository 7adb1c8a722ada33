"""When it is time to renew what is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from gateline.errors import GatelineError
from gateline.runtime.candidate import Candidate
from gateline.runtime.renewal import renewal

START = datetime(2026, 1, 1, tzinfo=UTC)


class Serves:
    """Serves a gateway, once there is one."""

    def __init__(self) -> None:
        self.served: Candidate | None = None

    async def take_in(self) -> None:
        raise AssertionError


def test_a_renewal_is_due_when_something_is_and_not_before_anything_serves() -> None:
    serving, moments = Serves(), {"shop": START}
    duty = renewal("keys", serving, lambda gateway: moments.get(gateway.name))
    assert duty.due() is None
    for name, moment in (("", None), ("shop", START), ("other", None)):
        gateway = SimpleNamespace(name=name) if name else None
        serving.served = cast("Candidate", SimpleNamespace(gateway=gateway))
        assert duty.due() == moment
    assert duty.work == serving.take_in


def test_what_cannot_be_looked_at_is_due_so_that_somebody_says_why() -> None:
    def fails(_: object) -> None:
        raise GatelineError("the vault is another's")

    serving = Serves()
    serving.served = cast("Candidate", SimpleNamespace(gateway=SimpleNamespace()))
    before = datetime.now(UTC)
    due = renewal("keys", serving, fails).due()
    assert due is not None
    assert before <= due <= datetime.now(UTC)
