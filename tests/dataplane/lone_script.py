"""One of the smaller scripts in a Lua of its own, on a route that the test describes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lupa.luajit21 import LuaRuntime

from dataplane.simulated_envoy import HANDLE, REQUEST_ID
from gateline.dataplane import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What the script did."""

    state: Mapping[str, str]
    metadata: Mapping[str, str]
    headers: tuple[tuple[str, str], ...]
    logged: tuple[str, ...]
    status: str  # of its own answer, "" when there is none
    clears: int
    hooked: bool

    def header(self, name: str) -> str | None:
        """A request header as the script left it."""
        return next((value for key, value in self.headers if key == name), None)


def _base64(text: str) -> str:
    return b64encode(text.encode("latin-1")).decode()


class LoneScript:
    """A script that stays loaded from request to request. Texts are bytes spelled in Latin-1."""

    def __init__(self, text: str) -> None:
        self._lua = LuaRuntime(encoding="latin-1")
        self._lua.eval("function(text) assert(loadstring(text, '=lone.lua'))() end")(
            text.encode().decode("latin-1")
        )
        self._run = self._lua.execute(HANDLE.read_text(encoding="utf-8"))

    def request(
        self,
        target: str,
        *headers: tuple[str, str],
        route: str = "",
        context: Mapping[str, str] | None = None,
        host: str = "shop.test",
        protocol: str = "HTTP/1.1",
    ) -> Ran:
        """Run one request that stands on a route of this name and filter context."""
        sent: Sequence[tuple[str, str]] = (
            (":authority", host),
            (":path", target),
            (":method", "GET"),
            (keys.REQUEST_ID_HEADER, REQUEST_ID),
            *headers,
        )
        request = self._lua.table_from(
            {"headers": [list(pair) for pair in sent], "protocol": protocol}, recursive=True
        )
        first = self._lua.table_from({"name": route, "context": self._lua.table_from(context or {})})
        return self._ran(request, first, answers=False)

    def answer(self, *headers: tuple[str, str], context: Mapping[str, str]) -> Ran:
        """Run one answer, with these headers, to a request that stands on a route with this filter context."""
        request = self._lua.table_from({"headers": [list(pair) for pair in headers]}, recursive=True)
        first = self._lua.table_from({"name": "", "context": self._lua.table_from(context)})
        return self._ran(request, first, answers=True)

    def _ran(self, request: Any, first: Any, *, answers: bool) -> Ran:
        envoy = self._lua.table_from(
            {"context": lambda _: first, "answers": answers, "base64": _base64}, recursive=False
        )
        record: Any = self._run(request, envoy)
        metadata = record.metadata[keys.NAMESPACE]
        return Ran(
            state=dict(record.filter_state.items()),
            metadata=dict(metadata.items()) if metadata else {},
            headers=tuple((pair[1], pair[2]) for pair in record.headers.values()),
            logged=tuple(record.logged.values()),
            status=record.answer[":status"] if record.answer else "",
            clears=int(record.clears),
            hooked=bool(record.hooked),
        )
