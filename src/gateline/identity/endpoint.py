"""Endpoints of providers: which URLs may be asked."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from gateline.model.address import forbidden_reason, parse_ip


def endpoint_fault(url: str) -> str:
    """Why no provider is asked at this URL, or "" when one may be: https; http toward this machine only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "is no URL"
    if not host or "@" in parts.netloc or parts.fragment or "\\" in url:
        return "must have a host, and neither a user nor a fragment"
    if reason := forbidden_reason(host):
        return f"leads to {reason}"
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        return "must be https: it carries tokens (http is for providers on this machine)"
    return ""


def _is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, by its very name."""
    address = parse_ip(host)
    if address is None:
        return host.lower() == "localhost"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
