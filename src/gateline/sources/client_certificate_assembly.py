"""From the project file's client certificates to the model's, and whether those that are named are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateline.model import codes
from gateline.model.client_certificate import BUILT_IN, SYSTEM, ClientCertificate
from gateline.model.diagnostic import Complaints
from gateline.model.target_group import TargetTls
from gateline.sources.environment import as_written
from gateline.sources.project import ProjectFile
from gateline.sources.project_client_certificate import ClientCertificatePart, TargetTlsPart
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node, Pointer
from gateline.sources.workbench import Workbench


def client_certificate(bench: Workbench, name: str, part: ClientCertificatePart) -> ClientCertificate:
    """The client certificate of that name."""
    here: Pointer = ("client_certificates", name)
    origin = bench.origin(here)
    if part.generate:
        every = timedelta(seconds=part.rotate_every_seconds)
        return ClientCertificate(name=name, rotate_every=every, origin=origin)
    return ClientCertificate(
        name=name,
        certificate=str(bench.file((*here, "certificate"), part.certificate)),
        private_key=str(bench.file((*here, "private_key"), part.private_key)),
        origin=origin,
    )


def target_tls(bench: Workbench, here: Pointer, part: TargetTlsPart | None) -> TargetTls | None:
    """The `tls` of a target group."""
    if part is None:
        return None
    authority = str(part.ca)
    server_name = str(part.server_name or "")
    if authority not in {"", BUILT_IN, SYSTEM}:
        authority = str(bench.file((*here, "ca"), part.ca))
    return TargetTls(
        authority=authority,
        identity=str(part.identity) or (server_name if authority else ""),
        client_certificate=str(part.client_certificate or ""),
        server_name=server_name,
        origin=bench.origin(here),
    )


def check_client_certificates(project: ProjectFile, tree: Node, complaints: Complaints) -> None:
    """Whoever names a client certificate must name one that is declared."""
    declared = tree.names("client_certificates")
    for pointer, name in _named(project):
        if name in declared:
            continue
        node = tree.at(pointer)
        complaints.add(
            codes.CLIENT_CERTIFICATE_NOT_DECLARED,
            node.origin,
            f"the client certificate '{as_written(node.value, name)}' is not declared",
            help=did_you_mean(name, declared)
            or f"declare it: client_certificates: {{{as_written(node.value, name)}: {{generate: true}}}}",
        )


def used_client_certificates(project: ProjectFile) -> set[str]:
    """The client certificates that stages and target groups name."""
    return {name for _, name in _named(project)}


def _named(project: ProjectFile) -> Iterator[tuple[Pointer, str]]:
    for api, part in project.apis.items():
        for stage, settings in part.stages.items():
            if settings.client_certificate is not None:
                pointer: Pointer = ("apis", api, "stages", stage, "client_certificate")
                yield pointer, str(settings.client_certificate)
    for group, of_group in project.target_groups.items():
        if of_group.tls is not None and of_group.tls.client_certificate is not None:
            yield ("target_groups", group, "tls", "client_certificate"), str(of_group.tls.client_certificate)
