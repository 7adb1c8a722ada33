"""Endpoints of providers: which URLs may be asked."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from gateline.model.address import forbidden_reason, parse_ip


def endpoint_fault(url: str) -> str:
    """Why no provider can be at this URL, or "" when one may: https; http toward this machine only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "no URL"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "not an https:// URL with a host"
    if "@" in parts.netloc or parts.fragment:
        return "a URL with a user or a fragment"
    if reason := forbidden_reason(host):
        return reason
    if parts.scheme == "http" and not is_loopback(host):
        return "plain http to another machine: everybody on the way would see the tokens"
    return ""


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, by its very name."""
    address = parse_ip(host)
    if address is None:
        return host.lower() == "localhost"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
