"""Where the address of a client is read when it comes through proxies, and who is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """What a listener believes of a client's address.

    With `proxy_protocol` every connection begins with a PROXY header (version 1 or 2), without which it is closed;
    when `trusted_proxies` are named too, only they may open one. Whoever a connection comes from by then, its peer
    or whom PROXY has told: if that is one of `trusted_proxies`, the client is the right-most address of
    X-Forwarded-For that is none of them. Networks in CIDR form.
    """

    proxy_protocol: bool = False
    trusted_proxies: tuple[str, ...] = ()


PEER_ITSELF: Final = ClientAddress()
"""Nobody is believed: the client is who opened the connection."""
