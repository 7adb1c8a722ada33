"""What commands do with the secrets of a gateway that runs. No answer holds a value.

    {"do": "secrets", "action": "list"}                              -> {"ok": true, "secrets": [...]}
    {"do": "secrets", "action": "rotate", "secret": ...}             -> {"ok": true, "secret": {...}}
    {"do": "secrets", "action": "follow", "secret": ..., "seen": 0}  -> {"ok": true, "steps": [...], "over": ..., ...}

`rotate` begins; `follow` waits until there are more steps than were seen, but not for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource
from gateline.runtime.rotations import Rotations, row

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
