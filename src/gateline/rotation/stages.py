"""The stages of a secret: which of its values are there, in the words of Secrets Manager, and what each is good for.

idle ─► pending ─► accepted ─► current ─► settled ─► dropped ─► proven ─► idle
           └───────────┴── rolled back ──────────────────┴─ not proven ───▲
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from gateline.errors import GatelineError


class Step(StrEnum):
    """How far a rotation has come. What is to be done next at each is said in `machine`."""

    IDLE = "idle"
    PENDING = "pending"  # there is a new value: services are given both
    ACCEPTED = "accepted"  # every task and every target has been seen to accept it
    CURRENT = "current"  # the gateway sends it
    SETTLED = "settled"  # requests with the former value are over
    DROPPED = "dropped"  # services are given the new value alone
    PROVEN = "proven"  # every task and every target has been seen to refuse the former one


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """A secret's values and how far its rotation has come. Times are UTC; b"" is no value."""

    step: Step = Step.IDLE
    current: bytes = field(repr=False)  # AWSCURRENT: what the gateway sends
    pending: bytes = field(default=b"", repr=False)  # AWSPENDING: will be current
    previous: bytes = field(default=b"", repr=False)  # AWSPREVIOUS: was current, and is accepted still
    stale: bytes = field(default=b"", repr=False)  # the value that was dropped last: nobody may accept it
    begun: datetime  # the last rotation; when there was none, the value
    since: datetime  # the step
    problem: str = ""  # why the last rotation did not come to its end

    @property
    def accepted(self) -> tuple[bytes, ...]:
        """What services must accept now. The value that is sent comes first: who reads no other one serves on."""
        return tuple(value for value in (self.current, self.pending, self.previous) if value)

    def text(self) -> bytes:
        """As it is kept, sealed."""
        values = {name: base64.b64encode(getattr(self, name)).decode() for name in _VALUES}
        told = {"step": self.step, "problem": self.problem, **values}
        times = {"begun": self.begun.isoformat(), "since": self.since.isoformat()}
        return json.dumps({**told, **times}).encode()

    @classmethod
    def read(cls, text: bytes) -> Self:
        """What was kept.

        Raises:
            GatelineError: it is something else.

        """
        try:
            told: dict[str, Any] = json.loads(text)
            values = {name: base64.b64decode(told[name], validate=True) for name in _VALUES}
            return cls(
                step=Step(told["step"]),
                begun=datetime.fromisoformat(told["begun"]),
                since=datetime.fromisoformat(told["since"]),
                problem=told["problem"],
                **values,
            )
        except (ValueError, KeyError, TypeError):
            raise GatelineError("what is kept of a secret's stages cannot be understood") from None


_VALUES = ("current", "pending", "previous", "stale")
