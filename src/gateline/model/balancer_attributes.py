"""Attributes of load balancers and of their listeners (load-balancers.md sections 6 and 7), with Amazon's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class DesyncMode(StrEnum):
    """How requests are taken whose framing two servers may read differently. Severe ones are always refused."""

    MONITOR = "monitor"
    DEFENSIVE = "defensive"
    STRICTEST = "strictest"


class ForwardedForMode(StrEnum):
    """What becomes of X-Forwarded-For: the peer is appended, nothing is done, or it goes."""

    APPEND = "append"
    PRESERVE = "preserve"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerAttributes:
    """Of a load balancer; they hold for all its listeners, and all but the last are an application balancer's.

    `idle_timeout` ends a connection or request on which nobody says anything, `client_keep_alive` a connection of a
    client however busy it is.
    """

    idle_timeout: timedelta = timedelta(seconds=60)
    client_keep_alive: timedelta = timedelta(hours=1)
    desync_mitigation_mode: DesyncMode = DesyncMode.DEFENSIVE
    drop_invalid_header_fields: bool = False
    preserve_host_header: bool = False
    tls_version_and_cipher_suite: bool = False  # x-amzn-tls-version and x-amzn-tls-cipher-suite are sent
    xff_client_port: bool = False
    xff_header_processing: ForwardedForMode = ForwardedForMode.APPEND
    http2: bool = True
    cross_zone: bool = False  # of a network balancer: it uses targets of other zones than its own


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerAttributes:
    """Of one listener; all but the last are an HTTP or HTTPS listener's.

    `response_headers` are written into answers that lack them; names in lower case. The others are names under which
    targets are told the client's TLS version, its cipher suite, and its certificate: of the latter, those that differ
    from Amazon's, as pairs of Amazon's name and the other.
    """

    server_header: bool = True  # False: no answer has a Server header
    response_headers: tuple[tuple[str, str], ...] = ()
    tls_version_header: str = "x-amzn-tls-version"
    tls_cipher_suite_header: str = "x-amzn-tls-cipher-suite"
    client_certificate_headers: tuple[tuple[str, str], ...] = ()
    tcp_idle_timeout: timedelta = timedelta(
        seconds=350
    )  # of a TCP listener; ends a connection on which all are silent


BALANCERS_USUAL: Final = BalancerAttributes()
LISTENERS_USUAL: Final = ListenerAttributes()
"""Amazon's defaults."""
