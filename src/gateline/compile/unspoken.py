"""What the project says about TLS with servers and nothing comes of: no TLS is spoken where it would count."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.harvest import Harvest
from gateline.compile.target_group import group_trust
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.rest_api import Stage


def warn_of_unspoken(
    gateway: Gateway, parts: Iterable[tuple[Stage, Harvest]], harvest: Harvest, complaints: Complaints
) -> None:
    """Warn of all of it. `parts`: what each stage yields; `harvest`: all of them together, with balancers' own."""
    warn_of_target_groups(gateway, harvest, complaints)
    for stage, part in parts:
        warn_of_stage(stage, part, complaints)


def warn_of_stage(stage: Stage, harvest: Harvest, complaints: Complaints) -> None:
    """Warn of a stage's client certificate if nothing that the stage reaches speaks TLS."""
    if stage.client_certificate and not _is_shown(stage.client_certificate, harvest.clusters):
        complaints.add(
            codes.CLIENT_CERTIFICATE_NOT_SHOWN,
            stage.origin.child("client_certificate"),
            f"no server is shown '{stage.client_certificate}': no integration of stage '{stage.name}' speaks TLS",
            help="write https:// uris, or give the target group the protocol HTTPS",
        )


def warn_of_target_groups(gateway: Gateway, harvest: Harvest, complaints: Complaints) -> None:
    """Warn of what target groups' `tls` says in vain."""
    for group in gateway.target_groups:
        if group.tls is None:
            continue
        clusters = {
            name: harvest.clusters[name] for name, of in harvest.target_groups.items() if of == group.name
        }
        if not clusters:
            continue  # nothing leads there, which is complained about already
        shown = group.tls.client_certificate
        if shown and not any(" as " in name for name in clusters):
            complaints.add(
                codes.CLIENT_CERTIFICATE_NOT_SHOWN,
                group.tls.origin.child("client_certificate"),
                f"no server is shown '{shown}': no TLS is spoken with the targets of '{group.name}'",
                help="give the target group the protocol HTTPS, or TLS at a network balancer",
            )
        trust = group_trust(group)
        if trust and not _is_named(trust, clusters.values()):
            complaints.add(
                codes.TARGET_TLS_NOT_SPOKEN,
                group.tls.origin,
                f"nobody is verified: no TLS is spoken with the targets of '{group.name}'",
                help="give the target group the protocol HTTPS, or TLS at a network balancer",
            )


def _is_shown(certificate: str, clusters: Iterable[str]) -> bool:
    return any(name.endswith(names.shown("", certificate)) for name in clusters)


def _is_named(trust: str, clusters: Iterable[Message]) -> bool:
    """Whether a cluster verifies by that secret, which then stands in it by name."""
    return any(trust.encode() in cluster.SerializeToString() for cluster in clusters)
