"""A small Envoy in Python around the real script and the compiler's real tables.

It chooses the entry route, the scope and the last route as Envoy does with the compiled messages, and gives
`gateway.lua` a stream handle (stream_handle.lua) for the rest. Texts are bytes spelled in Latin-1, as on the
wire. What it can't show (codecs, header cleaning, native mutations) is shown with the real Envoy in
tests/proofs, tests/end_to_end and tests/attacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.compile.wire import message_class
from gateline.dataplane import keys

LUA_FILTER: Final = "envoy.filters.http.lua"
REQUEST_ID: Final = "6f4a2d10-98c3-4e57-b1a6-0d3c5e7f9a2b"
HANDLE: Final = Path(__file__).with_name("stream_handle.lua")

_ROUTE: Final = "envoy.config.route.v3.Route"
_LUA_PER_ROUTE: Final = "envoy.extensions.filters.http.lua.v3.LuaPerRoute"

Headers = Sequence[tuple[str, str]]
Host = Callable[[str], tuple[str, str]]
"""Answers what the script asks the host: a status and a body."""

Signer = Callable[[str, str, str], tuple[str, str]]
"""Answers `/assert` and `/bind`: of the path, the body and the call, a status and a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the script answered by itself."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a request: an answer of the script, or the route that it passed to."""

    answer: Answer | None
    state: Mapping[str, str]  # filter state
    route: str  # the Envoy route that serves it, "" for none
    scope: str
    headers: tuple[tuple[str, str], ...]
    metadata: Mapping[str, str]
    logged: tuple[str, ...]
    thrown: str
    hooked: bool
    clears: int
    asked: tuple[str, ...]  # the bodies of what the host was asked

    @property
    def sealed(self) -> bool:
        """Whether the script has set the end mark."""
        return keys.ROUTE_STATE in self.state

    @property
    def why(self) -> str:
        """The reason code of a refusal."""
        return self.metadata.get(keys.WHY, "")

    @property
    def verdict(self) -> str:
        """`orders/dev GET /a` for a request that passed, `403 no_method` for one that was refused."""
        return self.route if self.answer is None else f"{self.answer.status} {self.why}"

    def header(self, name: str) -> str | None:
        """A request header as the script left it, several values joined by a comma."""
        values = [value for key, value in self.headers if key == name]
        return ",".join(values) if values else None

    @property
    def path(self) -> str:
        """The :path that the backend gets."""
        return self.header(":path") or ""


@dataclass(slots=True)
class _Scope:
    entries: list[tuple[Any, dict[str, str]]] = field(default_factory=list)
    routes: dict[str, dict[str, str]] = field(default_factory=dict)
    on_no_match: dict[str, str] = field(default_factory=dict)
    fallback: str = ""


class SimulatedEnvoy:
    """One worker of an Envoy that holds these resources."""

    def __init__(self, resources: Resources, *, count: bool = False, budget: int | None = None) -> None:
        self._lua = LuaRuntime(encoding="latin-1")
        self._counted = self._count() if count else None
        load = self._lua.eval("function(text) assert(loadstring(text, '=gateway.lua'))() end")
        load(_script(budget).encode().decode("latin-1"))
        self._run = self._lua.execute(HANDLE.read_text(encoding="utf-8"))
        self.host: Host = _nobody
        self.signer: Signer = _no_signer
        self.now = 1_760_000_000_123  # milliseconds
        self.publish(resources)

    @property
    def instructions(self) -> int:
        """How many Lua instructions requests have taken so far, without the reading of tables."""
        assert self._counted is not None
        return int(self._counted().total)

    @property
    def tables_read(self) -> int:
        """How often a table was read."""
        assert self._counted is not None
        return int(self._counted().tables)

    def publish(self, resources: Resources) -> None:
        """Take new resources in; what the script remembers stays."""
        scopes = resources.by_type[SCOPED_ROUTE]
        self._scopes = {name: _read(message) for name, message in scopes.items()}
        self._envoy = self._lua.table_from(
            {"context": self._context, "metadata": self._metadata, "host": self._ask}, recursive=False
        )

    def _ask(self, question: str, path: str, call: str | None) -> Any:
        if path in {"/assert", "/bind"}:
            status, body = self.signer(path, question, call or "")
        else:
            status, body = self.host(question)
        return self._lua.table_from({"status": status, "body": body})

    def withdraw(self, scope: str) -> None:
        """Take a scope away, as between two messages of a control plane."""
        del self._scopes[scope]

    def request(
        self,
        method: str = "GET",
        path: str = "/",
        headers: Headers = (),
        *,
        host: str = "localhost",
        remote_address: str = "127.0.0.1:51234",
        request_id: str = REQUEST_ID,
        server_name: str = "",
        body: str = "",
    ) -> Outcome:
        """Send one request; `headers` are the client's, after Envoy's early header mutation."""
        all_headers = [
            (":authority", host),
            (":path", path),
            (":method", method),
            (":scheme", "http"),
            (keys.SCOPE_HEADER, keys.ENTRY_SCOPE),
            (keys.REQUEST_ID_HEADER, request_id),
            *headers,
        ]
        request = {
            "headers": [list(pair) for pair in all_headers],
            "remote_address": remote_address,
            "protocol": "HTTP/1.1",
            "server_name": server_name,
            "timestamp": self.now,
            "body": body,
        }
        record = self._run(self._lua.table_from(request, recursive=True), self._envoy)
        return self._outcome(record)

    def _outcome(self, record: Any) -> Outcome:
        headers = tuple((pair[1], pair[2]) for pair in record.headers.values())
        metadata = dict(record.metadata[keys.NAMESPACE].items()) if record.metadata[keys.NAMESPACE] else {}
        scope = next((value for name, value in headers if name == keys.SCOPE_HEADER), "")
        state = dict(record.filter_state.items())
        return Outcome(
            answer=_answer(record),
            state=state,
            route=self._route(scope, state.get(keys.ROUTE_STATE)),
            scope=scope,
            headers=headers,
            metadata=metadata,
            logged=tuple(record.logged.values()),
            thrown=record.thrown or "",
            hooked=bool(record.hooked),
            clears=int(record.clears),
            asked=tuple(str(question.body) for question in record.asked.values()),
        )

    def _route(self, scope: str, named: str | None) -> str:
        found = self._scopes.get(scope)
        if found is None:
            return ""
        return named if named in found.routes and named is not None else found.fallback

    def _context(self, headers: Any) -> Any:
        for route, context in self._scopes[keys.ENTRY_SCOPE].entries:
            if all(_matches(matcher, headers) for matcher in route.match.headers):
                return self._lua.table_from({"name": route.name, "context": self._lua.table_from(context)})
        raise AssertionError("no entry route matches")

    def _metadata(self, scope: str, state: Any) -> Any:
        found = self._scopes.get(scope)
        if found is None:
            return self._lua.table()
        named = state[keys.ROUTE_STATE]
        return self._lua.table_from(found.routes.get(named, found.on_no_match))

    def _count(self) -> Any:
        """Count the script's instructions one by one, in place of its own hook, and keep its budget.

        The handle's methods are C in Envoy and Lua here, so theirs are not counted. Reading a table is not
        either (it has a budget of its own, and happens once); how often it happens is.
        """
        return self._lua.execute(
            """
            local sethook, getinfo, total, tables = debug.sethook, debug.getinfo, 0, 0
            debug.sethook = function(overrun, mask, budget)
              if not overrun then
                return sethook()
              elseif budget > 10000000 then
                tables = tables + 1
                return sethook(overrun, mask, budget)
              end
              local left = budget
              sethook(function()
                if getinfo(2, "S").source == "=gateway.lua" then
                  total, left = total + 1, left - 1
                  if left == 0 then
                    overrun()
                  end
                end
              end, "", 1)
            end
            return function() return {total = total, tables = tables} end
            """
        )


def _no_signer(path: str, body: str, call: str) -> tuple[str, str]:
    raise AssertionError((path, body, call))


def _nobody(question: str) -> tuple[str, str]:
    """No host is there: Envoy answers so when nobody listens."""
    return "503", "upstream connect error"


def _script(budget: int | None) -> str:
    """The script; with another budget for tests that want it used up."""
    text = dataplane.script()
    if budget is None:
        return text
    lowered, count = re.subn(r"^local BUDGET = \d+", f"local BUDGET = {budget}", text, flags=re.MULTILINE)
    assert count == 1
    return lowered


def _answer(record: Any) -> Answer | None:
    if record.answer is None:
        return None
    headers = dict(record.answer.items())
    return Answer(status=int(headers.pop(":status")), body=record.body, headers=headers)


def _matches(matcher: Any, headers: Any) -> bool:
    value = headers["get"](headers, matcher.name)
    if value is None:
        if not matcher.treat_missing_header_as_empty:
            return False
        value = ""
    found = re.fullmatch(matcher.string_match.safe_regex.regex, value) is not None
    return found is not bool(matcher.invert_match)


def _texts(struct: Any) -> dict[str, str]:
    return {name: value.string_value.encode().decode("latin-1") for name, value in struct.fields.items()}


def _read(message: Any) -> _Scope:
    """The parts of a scope that decide: its routes and what they tell the script."""
    scope = _Scope()
    for host in message.route_configuration.virtual_hosts:
        for route in host.routes:
            per_route = message_class(_LUA_PER_ROUTE)()
            per_route.ParseFromString(route.typed_per_filter_config[LUA_FILTER].value)
            scope.entries.append((route, _texts(per_route.filter_context)))  # type: ignore[attr-defined]
        for name, action in host.matcher.matcher_tree.exact_match_map.map.items():
            scope.routes[_bytes(name)] = _told(_unpacked(action.action))
        if host.HasField("matcher"):
            fallback = _unpacked(host.matcher.on_no_match.action)
            scope.on_no_match, scope.fallback = _told(fallback), _bytes(fallback.name)
    return scope


def _bytes(text: str) -> str:
    return text.encode().decode("latin-1")


def _unpacked(action: Any) -> Any:
    route = message_class(_ROUTE)()
    route.ParseFromString(action.typed_config.value)
    return route


def _told(route: Any) -> dict[str, str]:
    """What `h:metadata()` answers on this route."""
    metadata = route.metadata.filter_metadata
    return _texts(metadata[LUA_FILTER]) if LUA_FILTER in metadata else {}
