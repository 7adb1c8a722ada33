"""What commands do with the secrets of a gateway that runs. No answer holds a value.

    {"do": "secrets", "action": "list"}                              -> {"ok": true, "secrets": [...]}
    {"do": "secrets", "action": "rotate", "secret": ...}             -> {"ok": true, "secret": {...}}
    {"do": "secrets", "action": "follow", "secret": ..., "seen": 0}  -> {"ok": true, "steps": [...], "over": ..., ...}

`rotate` begins; `follow` waits until there are more steps than were seen, but not for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource
from gateline.rotation import machine
from gateline.runtime.rotations import Rotations
from gateline.runtime.secret import ROTATED, described

FOLLOW_SECONDS: Final = 20.0
"""How long one `follow` waits; whoever wants to know more asks again."""

Begin = Callable[[SecretSource], Awaitable[None]]
"""Begins a rotation, as the secret's source has it: with a value of our own, or with that of Secrets Manager."""


class SecretCommands:
    """The commands about secrets.

    Args:
        rotations: of the secrets.
        begin: begins one.

    """

    def __init__(self, rotations: Rotations, begin: Begin) -> None:
        self._rotations = rotations
        self._begin = begin

    async def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked.

        Raises:
            GatelineError: it cannot be done, or is not understood.

        """
        rotations = self._rotations
        match asked:
            case {"action": "list"}:
                return {"secrets": [row(source, rotations) for source in rotations.declared()]}
            case {"action": "rotate", "secret": str(name)}:
                source = rotations.source(name)
                await self._begin(source)
                return {"secret": row(source, rotations)}
            case {"action": "follow", "secret": str(name), "seen": int(seen)} if seen is not True:
                source = rotations.source(name)
                await rotations.wait(name, seen, FOLLOW_SECONDS)
                return {
                    "steps": [step.value for step in rotations.steps(name)],
                    "over": not rotations.is_running(name),
                    "secret": row(source, rotations),
                }
            case _:
                raise GatelineError("no such request")


def row(source: SecretSource, rotations: Rotations) -> dict[str, Any]:
    """What there is to know of a secret, in the words of Secrets Manager where it has some; never a value.

    Raises:
        GatelineError: what is kept of it cannot be read.

    """
    stages = rotations.stages(source) if source.kind in ROTATED else None
    told: dict[str, Any] = {"name": source.name, "source": described(source)}
    if stages is None:
        return {**told, "step": "", "stages": ["AWSCURRENT"], "rotated": "", "next": "", "problem": ""}
    held = (
        ("AWSCURRENT", stages.current),
        ("AWSPENDING", stages.pending),
        ("AWSPREVIOUS", stages.previous),
    )
    every = source.rotation.every
    following = machine.due(stages, every) if every else None
    return {
        **told,
        "step": stages.step.value,
        "stages": [stage for stage, value in held if value],
        "rotated": _time(stages.begun),
        "next": _time(following) if following else "",
        "problem": stages.problem,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
