"""What commands do with the API keys of a gateway that runs: one at a time, and done when they are answered.

    {"do": "keys", "action": "list"}                                        -> {"ok": true, "keys": [...]}
    {"do": "keys", "action": "usage", "plan": null, "key": null}            -> {"ok": true, "usage": [...]}
    {"do": "keys", "action": "create", "name": ..., "plans": [...], "value": null} -> {"ok": true, "keys": [...]}
    {"do": "keys", "action": "import", "file": ..., "text": ..., "plans": [...]}   -> {"ok": true, "keys": [...]}
    {"do": "keys", "action": "revoke", "key": ...}                          -> {"ok": true, "keys": [...]}

The answer to `create` holds the value that was made, if none was given; no other holds any.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.runtime.candidate import TakesIn
from gateline.runtime.key_desk import KeyDesk
from gateline.runtime.key_store import KeyStore
from gateline.runtime.state_dir import StateDir

CHANGES: Final = frozenset({"create", "import", "revoke"})
"""The actions that change something."""


def perform(desk: KeyDesk, asked: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked at a desk.

    Raises:
        GatelineError: it cannot be done, or is not understood.

    """
    match asked:
        case {"action": "list"}:
            return {"keys": desk.listing()}
        case {"action": "usage", "plan": str() | None as plan, "key": str() | None as key}:
            return {"usage": desk.used(plan, key)}
        case {"action": "create", "name": str(name), "plans": [*plans], "value": str() | None as value} if (
            _are_texts(plans)
        ):
            return {"keys": [desk.create(name, plans, value)]}
        case {"action": "import", "file": str(file), "text": str(text), "plans": [*plans]} if _are_texts(
            plans
        ):
            return {"keys": desk.take_in(text.encode("utf-8", "surrogateescape"), file, plans)}
        case {"action": "revoke", "key": str(key)}:
            return {"keys": [desk.revoke(key)]}
        case _:
            raise GatelineError("no such request")


class KeyCommands:
    """The commands about keys. One is done after the other."""

    def __init__(self, state: StateDir, serving: TakesIn) -> None:
        self._state = state
        self._serving = serving
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and have it count before it is answered.

        Raises:
            GatelineError: it cannot be done, or is not understood.

        """
        if asked["action"] not in CHANGES:
            return await asyncio.to_thread(perform, self._desk(), asked)
        async with self._one_at_a_time:
            desk = self._desk()
            before = await asyncio.to_thread(desk.store.read)
            told = await asyncio.to_thread(perform, desk, asked)
            try:
                await self._serving.take_in()
            except GatelineError:
                if asked["action"] != "revoke":  # that stays, and counts as soon as it can
                    await asyncio.to_thread(desk.store.write, before)
                raise
            return told

    def _desk(self) -> KeyDesk:
        served = self._serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        return KeyDesk(
            store=KeyStore(self._state),
            plans=served.gateway.usage_plans,
            declared=served.declared_keys,
            place=served.loaded.reader.place,
            usage=self._state.usage,
        )


def _are_texts(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)
