"""From the project file's TLS of balancers' listeners to the model's (load-balancers.md sections 6 and 12)."""

from __future__ import annotations

from typing import Final

from gateline.model import codes
from gateline.model.client_certificate import BUILT_IN
from gateline.model.listener_tls import POLICIES, ListenerTls, MutualAuthentication, MutualMode
from gateline.sources.project_balancer import ListenerPart
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

ALPN: Final = {
    "None": (),
    "HTTP1Only": ("http/1.1", "http/1.0"),
    "HTTP2Only": ("h2",),
    "HTTP2Optional": ("http/1.1", "http/1.0", "h2"),
    "HTTP2Preferred": ("h2", "http/1.1", "http/1.0"),
}
"""What a TLS listener offers, the preferred first (load-balancers.md section 12)."""

_OLD: Final = frozenset({"1.0", "1.1"})


def listener_tls(bench: Workbench, here: Pointer, part: ListenerPart, *, faces_clients: bool) -> ListenerTls:
    """How the listener speaks TLS; what cannot be is complained about."""
    ends_tls = part.protocol in {"HTTPS", "TLS"} and bool(part.certificates)
    wanted = {
        "ssl_policy": (bool(part.ssl_policy), ends_tls, "a listener with certificates"),
        "alpn_policy": (part.alpn_policy is not None, ends_tls and part.protocol == "TLS", "a TLS listener"),
        "mutual_authentication": (
            part.mutual_authentication is not None and part.mutual_authentication.mode != "off",
            ends_tls and part.protocol == "HTTPS",
            "an HTTPS listener with certificates",
        ),
    }
    for key, (is_written, fits, where) in wanted.items():
        if is_written and not (fits and faces_clients):
            place = where if faces_clients else f"{where} of an internet-facing balancer"
            advice = (
                "" if faces_clients else "an internal balancer opens no socket: nobody speaks TLS with it"
            )
            bench.complain(codes.LISTENER_INVALID, (*here, key), f"{key} belongs to {place}", advice=advice)
    return ListenerTls(
        policy=_policy(bench, here, str(part.ssl_policy)),
        alpn=ALPN[part.alpn_policy or "None"],
        mutual=_mutual(bench, (*here, "mutual_authentication"), part),
    )


def _policy(bench: Workbench, here: Pointer, name: str) -> str:
    if not name:
        return ""
    pointer = (*here, "ssl_policy")
    policy = POLICIES.get(name)
    if policy is None:
        if "FIPS" in name:
            message = f"the security policy {name} wants a FIPS module, and Envoy's build has none"
            advice = f"take the one without it, such as {next(iter(POLICIES))}"
        else:
            message = f"there is no security policy '{bench.shown(pointer, name)}'"
            advice = did_you_mean(name, POLICIES) or f"Amazon's are named like {next(iter(POLICIES))}"
        bench.complain(codes.TLS_POLICY_INVALID, pointer, message, advice=advice)
        return ""
    if policy.asked_for in _OLD:
        message = f"{name} takes TLS {policy.asked_for}, which is broken; clients need TLS 1.2 at least"
        bench.complain(codes.TLS_POLICY_TIGHTENED, pointer, message)
    return name


def _mutual(bench: Workbench, here: Pointer, part: ListenerPart) -> MutualAuthentication | None:
    written = part.mutual_authentication
    if written is None or written.mode == "off":
        return None
    authority = ""
    revoked: tuple[str, ...] = ()
    if (store := written.trust_store) is not None:
        place = (*here, "trust_store")
        authority = str(store.ca)
        if authority != BUILT_IN:
            authority = str(bench.file((*place, "ca"), store.ca))
        revoked = tuple(
            str(bench.file((*place, "crls", index), path)) for index, path in enumerate(store.crls)
        )
    return MutualAuthentication(
        mode=MutualMode(written.mode),
        authority=authority,
        revoked=revoked,
        takes_expired=written.ignore_client_certificate_expiry,
        names_authorities=written.advertise_trust_store_ca_names == "on",
        origin=bench.origin(here),
    )
