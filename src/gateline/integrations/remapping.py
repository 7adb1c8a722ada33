"""Headers that a client sees under another name than the integration gave them (api-gateway.md section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateline.model.integration import REMAPPED_HEADERS

_REMAPPED: Final = frozenset((*REMAPPED_HEADERS, "keep-alive", "proxy-connection"))
"""Headers that the client sees as `x-amzn-remapped-{name}`, and two more that would break the connection."""

_DROPPED: Final = frozenset({"transfer-encoding"})


def seen(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers that a client sees of those that an integration gave."""
    return tuple((_seen_name(name), value) for name, value in headers if name.lower() not in _DROPPED)


def _seen_name(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name
