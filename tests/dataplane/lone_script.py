"""One of the smaller scripts in a Lua of its own, on a route that the test describes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lupa.luajit21 import LuaRuntime

from dataplane.simulated_envoy import HANDLE, REQUEST_ID
from gateline.dataplane import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What the script did."""

    state: Mapping[str, str]
    metadata: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...]
    logged: tuple[str, ...]
    status: str  # of its own answer, "" when there is none
    clears: int
    hooked: bool
    body: str = ""
    answer: Mapping[str, object] = field(default_factory=dict)  # headers of its own answer
    asked: tuple[str, ...] = ()  # what the host was asked

    def header(self, name: str) -> str | None:
        """A request header as the script left it."""
        return next((value for key, value in self.headers if key == name), None)


def _base64(text: str) -> str:
    return b64encode(text.encode("latin-1")).decode()


class LoneScript:
    """A script that stays loaded from request to request. Texts are bytes spelled in Latin-1.

    `namespace`: of the dynamic metadata that it writes.
    """

    def __init__(self, text: str, *, namespace: str = keys.NAMESPACE) -> None:
        self._namespace = namespace
        self._lua = LuaRuntime(encoding="latin-1")
        self._lua.eval("function(text) assert(loadstring(text, '=lone.lua'))() end")(
            text.encode().decode("latin-1")
        )
        self._run = self._lua.execute(HANDLE.read_text(encoding="utf-8"))

    @property
    def kilobytes(self) -> float:
        """What it remembers, garbage aside."""
        return float(self._lua.eval('(function() collectgarbage() return collectgarbage("count") end)()'))

    def request(
        self,
        target: str,
        *headers: tuple[str, str],
        route: str = "",
        context: Mapping[str, str] | None = None,
        host: str = "shop.test",
        protocol: str = "HTTP/1.1",
        told: str = "120",
        metadata: Mapping[str, Mapping[str, object]] | None = None,
        login: str = "",
        host_says: Callable[[str], tuple[str, str]] | None = None,
        now: int = 0,
    ) -> Ran:
        """Run one request that stands on a route of this name and filter context.

        Args:
            target: of the request line.
            headers: what the client sends besides.
            route: the name of the first route.
            context: what that route tells the script.
            host: the Host header.
            protocol: as Envoy names it.
            told: what Envoy says behind the id: a letter of the Transfer-Encoding, the bytes of all headers.
            login: what the route's metadata says of a login, "": nothing.
            host_says: answers what the host is asked, with a status and a body.
            now: milliseconds since the epoch.
            metadata: what filters before have left, by namespace.

        """
        sent: Sequence[tuple[str, str]] = (
            (":authority", host),
            (":path", target),
            (":method", "GET"),
            (keys.REQUEST_ID_HEADER, REQUEST_ID + told),
            *headers,
        )
        left = {name: dict(values) for name, values in (metadata or {}).items()}
        request = self._lua.table_from(
            {
                "headers": [list(pair) for pair in sent],
                "protocol": protocol,
                "timestamp": now,
                "remote_address": "192.0.2.7:4711",
                "local_address": "192.0.2.80:8080",
                "metadata": left,
            },
            recursive=True,
        )
        first = self._lua.table_from({"name": route, "context": self._lua.table_from(context or {})})
        of_route = self._lua.table_from({"login": login} if login else {})

        def answered(question: str, _path: str, _call: str) -> Any:
            status, body = host_says(question) if host_says else ("503", "")
            return self._lua.table_from({"status": status, "body": body})

        return self._ran(
            request, {"context": lambda _: first, "metadata": lambda *_: of_route, "host": answered}
        )

    def answer(self, *headers: tuple[str, str], context: Mapping[str, str]) -> Ran:
        """Run one answer, with these headers, to a request that stands on a route with this filter context."""
        request = self._lua.table_from({"headers": [list(pair) for pair in headers]}, recursive=True)
        first = self._lua.table_from({"name": "", "context": self._lua.table_from(context)})
        return self._ran(request, {"context": lambda _: first, "answers": True})

    def _ran(self, request: Any, envoy: Mapping[str, object]) -> Ran:
        told = self._lua.table_from({"answers": False, "base64": _base64, **envoy}, recursive=False)
        record: Any = self._run(request, told)
        left = record.metadata[self._namespace]
        return Ran(
            state=dict(record.filter_state.items()),
            metadata=dict(left.items()) if left else {},
            headers=tuple((pair[1], pair[2]) for pair in record.headers.values()),
            logged=tuple(record.logged.values()),
            status=record.answer[":status"] if record.answer else "",
            clears=int(record.clears),
            hooked=bool(record.hooked),
            body=record.body or "",
            answer=dict(record.answer.items()) if record.answer else {},
            asked=tuple(each.body for each in record.asked.values()),
        )
