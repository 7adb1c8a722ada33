"""The headers of a client's request, as events, templates and mappings see them (api-gateway.md section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateline.dataplane import keys
from gateline.integrations.call import Call, wire_text
from gateline.integrations.outgoing import RawHeaders

DROPPED_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "www-authenticate",
        "x-amzn-apigateway-api-id",  # for backends only
    }
)
"""Headers of a request that nothing behind the gateway gets to see (section 9)."""

INTERNAL: Final = ("x-gl-", "x-envoy-", ":")
"""Beginnings of names by which Envoy and Gateline speak to each other."""

_ABSENT: Final = {"accept": keys.ABSENT.encode(), "user-agent": keys.ABSENT.encode()}
"""Values that the script writes so that Envoy adds none of its own: the client sent no such header."""


class ClientHeaders:
    """The headers that are told, sorted by name without regard to case, as in real events.

    Args:
        headers: as they arrived.
        call: the request; Host, the trace id and X-Forwarded-* are told in any case.
        names: lower case to spelling, where a name is not to stay as it was sent.

    """

    def __init__(self, headers: RawHeaders, call: Call, names: Mapping[str, str]) -> None:
        found: dict[str, tuple[str, list[str]]] = {}
        for raw_name, value in headers:
            name = raw_name.decode("latin-1")
            lower = name.lower()
            is_told = lower not in DROPPED_HEADERS and not lower.startswith(INTERNAL)
            if is_told and value != _ABSENT.get(lower):
                found.setdefault(lower, (names.get(lower, name), []))[1].append(wire_text(value))
        found["host"] = ("Host", [call.authority])
        if call.trace_id:
            found["x-amzn-trace-id"] = ("X-Amzn-Trace-Id", [call.trace_id])
        found.setdefault("x-forwarded-for", ("X-Forwarded-For", [call.source_ip]))
        _, protos = found.setdefault("x-forwarded-proto", ("X-Forwarded-Proto", ["https"]))
        port = "80" if protos[-1] == "http" else "443"
        found.setdefault("x-forwarded-port", ("X-Forwarded-Port", [port]))
        self._named = dict(sorted(found.items()))

    def values(self, name: str) -> list[str]:
        """All values of a header, in order, whatever the case of its name."""
        found = self._named.get(name.lower())
        return found[1] if found else []

    def last(self, name: str) -> str | None:
        """The last value of a header, which is the one that counts where there can be only one."""
        values = self.values(name)
        return values[-1] if values else None

    @property
    def single(self) -> dict[str, str]:
        """Name to last value."""
        return {name: values[-1] for name, values in self._named.values()}

    @property
    def multi(self) -> dict[str, list[str]]:
        """Name to all values."""
        return dict(self._named.values())
