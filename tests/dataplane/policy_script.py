"""The script's evaluator of policies, called from Python: texts are bytes spelled in Latin-1 inside of Lua."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.authorizers import wire
from gateline.authorizers.facts import Facts
from gateline.authorizers.policy import Policy

_FRONT = """
return {
  read = read_policy, judge = judge, ip_hex = ip_hex,
  counted = function(work, ...)
    local total, arguments, count = 0, { ... }, select("#", ...)
    debug.sethook(function() total = total + 1 end, "", 1)
    local ok, result = pcall(work, unpack(arguments, 1, count))
    debug.sethook()
    assert(ok, result)
    return total
  end,
}
"""


class PolicyScript:
    """One worker's script."""

    def __init__(self) -> None:
        self._lua = LuaRuntime(encoding="latin-1")
        self._script = self._lua.execute(dataplane.script().encode().decode("latin-1") + _FRONT)

    def judge(self, policy: Policy, arn: str, readings: Sequence[str], facts: Facts) -> str:
        """The script's verdict."""
        return str(self._script.judge(*self._arguments(policy, arn, readings, facts)))

    def judge_text(self, text: bytes, arn: str = "arn:") -> str:
        """The verdict of a policy text without any facts."""
        return str(self._script.judge(self._script.read(text.decode("latin-1")), arn, None, lambda _: None))

    def instructions(self, policy: Policy, arn: str, readings: Sequence[str], facts: Facts) -> int:
        """How many Lua instructions a judgement takes, without the reading of the policy."""
        return int(self._script.counted(self._script.judge, *self._arguments(policy, arn, readings, facts)))

    def ip_hex(self, address: str) -> str | None:
        """An address as the script spells it."""
        found = self._script.ip_hex(_bytes(address))
        return None if found is None else str(found)

    def _arguments(self, policy: Policy, arn: str, readings: Sequence[str], facts: Facts) -> tuple[Any, ...]:
        def find(key: str) -> str | None:
            found = facts.find(key)
            return None if found is None else _bytes(found)

        read = self._script.read(wire.encode(policy).decode("latin-1"))
        listed = self._lua.table_from([_bytes(each) for each in readings]) if readings else None
        return read, _bytes(arn), listed, find


def _bytes(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
