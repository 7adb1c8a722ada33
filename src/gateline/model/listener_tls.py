"""TLS with clients at a listener of a balancer: versions, ciphers, protocols, and who clients are.

Sources: load-balancers.md sections 6 and 12; the policies are those of
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateline.model.origin import Origin


class MutualMode(StrEnum):
    """What is done with clients' certificates."""

    PASSTHROUGH = "passthrough"  # asked for, not verified, handed to the target
    VERIFY = "verify"  # no connection without one that the trust store vouches for


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualAuthentication:
    """Certificates of clients at an HTTPS listener.

    `authority`: BUILT_IN, or the path of a PEM file; `revoked`: paths of PEM files of revocation lists.
    """

    mode: MutualMode
    authority: str = ""  # of VERIFY only
    revoked: tuple[str, ...] = ()
    takes_expired: bool = False
    names_authorities: bool = False  # clients are told whom the listener believes
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls:
    """How a listener speaks TLS. `policy`: a key of POLICIES, or ""; `alpn`: of a network balancer's listener."""

    policy: str = ""
    alpn: tuple[str, ...] = ()
    mutual: MutualAuthentication | None = None


AS_ENVOY_DOES: Final = ListenerTls()


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """A security policy. `asked_for` is the lowest version that Amazon's takes; nothing below TLS 1.2 is spoken.

    The cipher suites of TLS 1.3 cannot be chosen. Four CBC suites of Amazon's lists are unknown to BoringSSL:
    ECDHE-*-AES256-SHA384, AES128-SHA256 and AES256-SHA256.
    """

    asked_for: str  # 1.0, 1.1, 1.2, 1.3
    knows_tls13: bool = True
    cipher_suites: tuple[str, ...] = ()
    is_post_quantum: bool = False


_GCM: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
_CBC: Final = (*_GCM, "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256")
_FORWARD_SECRET: Final = (
    *_CBC,
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA",
)
_RSA_GCM: Final = ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
_WITH_RSA: Final = (*_CBC, *_RSA_GCM)
_ALL: Final = (*_FORWARD_SECRET, *_RSA_GCM, "AES128-SHA", "AES256-SHA")

PREFIX: Final = "ELBSecurityPolicy-"

_TLS13: Final = {
    "TLS13-1-3": TlsPolicy(asked_for="1.3"),
    "TLS13-1-2-Res": TlsPolicy(asked_for="1.2", cipher_suites=_GCM),
    "TLS13-1-2": TlsPolicy(asked_for="1.2", cipher_suites=_CBC),
    "TLS13-1-2-Ext1": TlsPolicy(asked_for="1.2", cipher_suites=_WITH_RSA),
    "TLS13-1-2-Ext2": TlsPolicy(asked_for="1.2", cipher_suites=_ALL),
    "TLS13-1-1": TlsPolicy(asked_for="1.1", cipher_suites=_ALL),
    "TLS13-1-0": TlsPolicy(asked_for="1.0", cipher_suites=_ALL),
}
_TLS12: Final = {
    "FS-1-2-Res-2020-10": ("1.2", _GCM),
    "FS-1-2-Res-2019-08": ("1.2", _CBC),
    "FS-1-2-2019-08": ("1.2", _FORWARD_SECRET),
    "FS-1-1-2019-08": ("1.1", _FORWARD_SECRET),
    "FS-2018-06": ("1.0", _FORWARD_SECRET),
    "TLS-1-2-2017-01": ("1.2", _WITH_RSA),
    "TLS-1-2-Ext-2018-06": ("1.2", _ALL),
    "TLS-1-1-2017-01": ("1.1", _ALL),
    "2016-08": ("1.0", _ALL),
    "2015-05": ("1.0", _ALL),
    "TLS-1-0-2015-04": ("1.0", _ALL),
}

POLICIES: Final = MappingProxyType(
    {f"{PREFIX}{name}-2021-06": policy for name, policy in _TLS13.items()}
    | {
        f"{PREFIX}{name}-PQ-2025-09": TlsPolicy(
            asked_for=policy.asked_for, cipher_suites=policy.cipher_suites, is_post_quantum=True
        )
        for name, policy in _TLS13.items()
        if name != "TLS13-1-1"
    }
    | {
        f"{PREFIX}{name}": TlsPolicy(asked_for=lowest, knows_tls13=False, cipher_suites=suites)
        for name, (lowest, suites) in _TLS12.items()
    }
)
"""Amazon's policies by name, but those of its FIPS module."""
