"""Attributes of load balancers and listeners: Amazon's keys to the model's values (load-balancers.md section 7).

What Gateline cannot mean is refused with the reason where leaving it out would be unsafe or would break a promise,
and else warned of: a balancer's attributes are often copied whole from where they were described.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gateline.model import codes
from gateline.model.balancer_attributes import (
    BalancerAttributes,
    DesyncMode,
    ForwardedForMode,
    ListenerAttributes,
)
from gateline.sources.project_attributes import KEEP_ALIVE, LONGEST_IDLE
from gateline.sources.project_balancer import ListenerPart, LoadBalancerPart
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


@dataclass(frozen=True, slots=True)
class _Attribute:
    """`field` of the model takes what `read` makes of a value; None: the value is not what it `says`."""

    field: str
    read: Callable[[str], object | None]
    says: str


def _flag(field: str) -> _Attribute:
    return _Attribute(field, {"true": True, "false": False}.get, "true or false")


def _seconds(field: str, low: int, high: int) -> _Attribute:
    def read(text: str) -> object | None:
        fits = re.fullmatch(r"[0-9]{1,7}", text) is not None and low <= int(text) <= high
        return timedelta(seconds=int(text)) if fits else None

    return _Attribute(field, read, f"a whole number of seconds from {low} to {high}")


_BALANCER: Final[Mapping[str, _Attribute]] = {
    "idle_timeout.timeout_seconds": _seconds("idle_timeout", 1, LONGEST_IDLE),
    "client_keep_alive.seconds": _seconds("client_keep_alive", *KEEP_ALIVE),
    "routing.http.desync_mitigation_mode": _Attribute(
        "desync_mitigation_mode",
        {str(mode): mode for mode in DesyncMode}.get,
        "monitor, defensive or strictest",
    ),
    "routing.http.drop_invalid_header_fields.enabled": _flag("drop_invalid_header_fields"),
    "routing.http.preserve_host_header.enabled": _flag("preserve_host_header"),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _flag("tls_version_and_cipher_suite"),
    "routing.http.xff_client_port.enabled": _flag("xff_client_port"),
    "routing.http.xff_header_processing.mode": _Attribute(
        "xff_header_processing",
        {str(mode): mode for mode in ForwardedForMode}.get,
        "append, preserve or remove",
    ),
    "routing.http2.enabled": _flag("http2"),
}
"""Of application balancers."""

_NOTHING_HERE: Final[Mapping[str, str]] = {
    "deletion_protection.enabled": "a balancer goes when its lines in the file do",
    "waf.fail_open.enabled": "there is no web application firewall",
    "zonal_shift.config.enabled": "there are no zones to leave",
    "dns_record.client_routing_policy": "Gateline serves no DNS",
    "access_logs.s3.bucket": "logs are files: write access_logs: {path: FILE}",
    "access_logs.s3.prefix": "logs are files: write access_logs: {path: FILE}",
    "connection_logs.s3.bucket": "there are no logs of connections",
    "connection_logs.s3.prefix": "there are no logs of connections",
    "health_check_logs.s3.bucket": "what health checks find is told by gateline up itself",
    "health_check_logs.s3.prefix": "what health checks find is told by gateline up itself",
}
"""Without effect, and without harm."""

_NOT_TRUE: Final[Mapping[str, str]] = {
    "access_logs.s3.enabled": "logs are not written to S3: write access_logs: {path: FILE}",
    "connection_logs.s3.enabled": "there are no logs of connections",
    "health_check_logs.s3.enabled": "logs are not written to S3; gateline up tells what health checks find",
}
"""Whoever asks for these relies on records that would not be there."""

_CROSS_ZONE: Final = "load_balancing.cross_zone.enabled"
_NETWORK: Final[Mapping[str, _Attribute]] = {_CROSS_ZONE: _flag("cross_zone")}
_OF_TCP: Final[Mapping[str, _Attribute]] = {
    "tcp.idle_timeout.seconds": _seconds("tcp_idle_timeout", 60, 6000)
}
"""Of network balancers, and of their listeners of TCP; those of TLS and UDP keep to 350 and 120 seconds."""


@dataclass(frozen=True, slots=True)
class _Inserted:
    """A response header that is written where an answer lacks it; its value matches the pattern."""

    name: str
    pattern: str = r"[!-~](?:[ -~]{0,1022}[!-~])?"
    says: str = "a header's value: 1 to 1,024 visible characters of ASCII"


_INSERTED: Final[Mapping[str, _Inserted]] = {
    f"routing.http.response.{inserted.name.replace('-', '_')}.header_value": inserted
    for inserted in (
        _Inserted("strict-transport-security"),
        _Inserted("access-control-allow-origin"),
        _Inserted("access-control-allow-methods"),
        _Inserted("access-control-allow-headers"),
        _Inserted("access-control-allow-credentials", "true", "true"),
        _Inserted("access-control-expose-headers"),
        _Inserted("access-control-max-age", "[0-9]{1,7}", "a whole number of seconds"),
        _Inserted("content-security-policy"),
        _Inserted("x-content-type-options", "nosniff", "nosniff"),
        _Inserted(
            "x-frame-options", "DENY|SAMEORIGIN|ALLOW-FROM [!-~]+", "DENY, SAMEORIGIN or ALLOW-FROM URL"
        ),
    )
}

_HEADER_NAME: Final = _Attribute(
    "",
    lambda text: text.lower() if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", text) else None,
    "a header's name: letters, digits and '-', 128 at most",
)
_LISTENER: Final[Mapping[str, _Attribute]] = {
    "routing.http.response.server.enabled": _flag("server_header"),
    "routing.http.request.x_amzn_tls_version.header_name": _Attribute(
        "tls_version_header", _HEADER_NAME.read, _HEADER_NAME.says
    ),
    "routing.http.request.x_amzn_tls_cipher_suite.header_name": _Attribute(
        "tls_cipher_suite_header", _HEADER_NAME.read, _HEADER_NAME.says
    ),
}
_CLIENT_CERTIFICATE: Final[Mapping[str, str]] = {
    f"routing.http.request.{name.replace('-', '_')}.header_name": name
    for name in (
        "x-amzn-mtls-clientcert",
        "x-amzn-mtls-clientcert-serial-number",
        "x-amzn-mtls-clientcert-issuer",
        "x-amzn-mtls-clientcert-subject",
        "x-amzn-mtls-clientcert-validity",
        "x-amzn-mtls-clientcert-leaf",
    )
}
_OWN_NAMES: Final = re.compile(
    r"(?:x-(?:gl|envoy|forwarded)(?:-.*)?|host|connection|content-length|transfer-encoding|te|trailer|upgrade|cookie"
    r"|authorization|x-amzn-(?:trace-id|oidc-.*))"
)
"""Headers that mean something else already."""


class AttributeReader:
    """Makes the attributes of load balancers and listeners; complains of what cannot be meant."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def balancer(self, here: Pointer, part: LoadBalancerPart) -> BalancerAttributes:
        """The attributes of a load balancer, with the short keys beside them."""
        known = _BALANCER if part.type == "application" else _NETWORK
        fields: dict[str, Any] = {}
        for key, text in part.attributes.items():
            place = (*here, "attributes", key)
            if key in known:
                self._read(place, known[key], text, fields)
            elif key in _NOTHING_HERE or key in _NOT_TRUE or key == _CROSS_ZONE:
                self._without_meaning(place, key, text)
            else:
                self._unknown(place, key, [*known, *_NOTHING_HERE, *_NOT_TRUE, _CROSS_ZONE])
        for key, field, seconds in (
            ("idle_timeout_seconds", "idle_timeout", part.idle_timeout_seconds),
            ("client_keep_alive_seconds", "client_keep_alive", part.client_keep_alive_seconds),
        ):
            if key in part.model_fields_set:
                self._short(here, key, field, part)
                fields[field] = timedelta(seconds=seconds)
        made = BalancerAttributes(**fields)
        if part.scheme == "internal" and made != BalancerAttributes(cross_zone=made.cross_zone):
            why = "clients speak with the gateway, which has times and headers of its own"
            self._no_effect(here, "an attribute of an internal balancer", why)
        return made

    def listener(self, here: Pointer, balancer: LoadBalancerPart, part: ListenerPart) -> ListenerAttributes:
        """The attributes of a listener."""
        single = _LISTENER if balancer.type == "application" else {}
        if part.protocol in {"TCP", "TCP_UDP"}:
            single = _OF_TCP
        known = {*single}
        if balancer.type == "application":
            known |= {*_INSERTED, *_CLIENT_CERTIFICATE}
        fields: dict[str, Any] = {}
        headers: list[tuple[str, str]] = []
        renamed: list[tuple[str, str]] = []
        for key, text in part.attributes.items():
            place = (*here, "attributes", key)
            if key not in known:
                self._unknown(place, key, known)
            elif key in _INSERTED:
                inserted = _INSERTED[key]
                if re.fullmatch(inserted.pattern, text):
                    headers.append((inserted.name, text))
                else:
                    self._misfit(place, text, inserted.says)
            elif key in _CLIENT_CERTIFICATE:
                renamed += self._renamed(place, _CLIENT_CERTIFICATE[key], text)
            else:
                self._read(place, single[key], text, fields)
        made = ListenerAttributes(
            response_headers=tuple(sorted(headers)),
            client_certificate_headers=tuple(sorted(renamed)),
            **fields,
        )
        if renamed and part.mutual_authentication is None:
            why = "mutual_authentication is off, so no client shows a certificate"
            self._no_effect((*here, "attributes"), "the name of a header about certificates", why)
        names = (made.tls_version_header, made.tls_cipher_suite_header, *(name for _, name in renamed))
        if any(_OWN_NAMES.fullmatch(name) for name in names) or len(set(names)) < len(names):
            self._refuse((*here, "attributes"), "a header's name means something else already")
        if balancer.scheme == "internal" and made != ListenerAttributes():
            self._no_effect(here, "an attribute of an internal listener", "clients speak with the gateway")
        return made

    def _renamed(self, place: Pointer, amazons: str, text: str) -> list[tuple[str, str]]:
        """Amazon's name and the other one; nothing when they are the same, or it is none."""
        name = _HEADER_NAME.read(text)
        if name is None:
            self._misfit(place, text, _HEADER_NAME.says)
        return [(amazons, str(name))] if name not in (None, amazons) else []

    def _read(self, place: Pointer, attribute: _Attribute, text: str, fields: dict[str, Any]) -> None:
        value = attribute.read(text)
        if value is None:
            self._misfit(place, text, attribute.says)
        else:
            fields[attribute.field] = value

    def _short(self, here: Pointer, key: str, field: str, part: LoadBalancerPart) -> None:
        """A short key: not beside the long one, and of application balancers only."""
        if part.type == "network":
            self._refuse((*here, key), f"{key} belongs to an application balancer")
        elif any(_BALANCER[long].field == field for long in part.attributes if long in _BALANCER):
            self._refuse((*here, key), f"{key} and its attribute say the same: leave one out")

    def _without_meaning(self, place: Pointer, key: str, text: str) -> None:
        if key == _CROSS_ZONE:
            if text != "true":
                self._refuse(place, f"{key} is true for every application balancer")
        elif key in _NOT_TRUE:
            if text != "false":
                self._refuse(place, _NOT_TRUE[key])
        elif text != "false":
            self._no_effect(place, key, _NOTHING_HERE[key])

    def _unknown(self, place: Pointer, key: str, known: Iterable[str]) -> None:
        self._refuse(place, f"there is no attribute '{key}' here", did_you_mean(key, sorted(known)))

    def _misfit(self, place: Pointer, text: str, says: str) -> None:
        self._refuse(place, f"{place[-1]} must be {says}; it is '{self._bench.shown(place, text)}'")

    def _refuse(self, place: Pointer, message: str, advice: str = "") -> None:
        self._bench.complain(codes.ATTRIBUTE_INVALID, place, message, advice=advice)

    def _no_effect(self, place: Pointer, what: str, why: str) -> None:
        self._bench.complain(codes.ATTRIBUTE_WITHOUT_EFFECT, place, f"{what} has no effect: {why}")
