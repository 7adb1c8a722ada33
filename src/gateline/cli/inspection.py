"""Reading and compiling a project without starting it: what `check`, `routes` and `compile` share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from gateline.cli import console
from gateline.cli.parameters import allowed_codes
from gateline.cli.render import counted, render_report
from gateline.compile import compile_gateway
from gateline.compile.resources import Resources
from gateline.model.diagnostic import Complaints, Report, Severity
from gateline.model.gateway import Gateway, Keyring
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import LiteralSource
from gateline.model.secret import Certificate, Secret, SecretRef
from gateline.runtime.api_keys import read_declared_keys
from gateline.sources import Loaded, find_project, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A project as read and compiled; `resources` is None when there are errors."""

    path: Path
    loaded: Loaded
    resources: Resources | None
    hosting: HostConfiguration
    report: Report


def inspect(project: Path | None, overlays: list[Path] | None, allow: list[str] | None) -> Inspection:
    """Read and compile a project, with stand-ins for the values of secrets.

    Raises:
        FileUnreadable: the project or an overlay is missing or cannot be read.
        typer.BadParameter: `--allow` names what cannot be allowed.

    """
    allowed = allowed_codes(allow)
    path = find_project(project)
    loaded = load(path, overlays=overlays or (), environ=os.environ, allowed=allowed, checking=True)
    if loaded.gateway is None:
        return Inspection(
            path=path, loaded=loaded, resources=None, hosting=HostConfiguration(), report=loaded.report
        )
    complaints = Complaints(allowed)
    read_declared_keys(
        loaded.gateway.usage_plans,
        os.environ,
        loaded.reader.name,
        "a pepper for digests that nobody keeps",
        complaints,
        missing=Severity.WARNING,
    )
    compiled = compile_gateway(loaded.gateway, stand_ins(loaded.gateway), allowed=allowed)
    return Inspection(
        path=path,
        loaded=loaded,
        resources=compiled.resources,
        hosting=compiled.hosting,
        report=loaded.report + complaints.report() + compiled.report,
    )


def resources_or_exit(inspection: Inspection) -> Resources:
    """The resources; complaints go to standard error, and errors end the command with the answer no."""
    out = console.complaints()
    render_report(inspection.report, inspection.loaded.locate, out, inspection.loaded.text)
    if inspection.resources is None:
        out.print(f"{inspection.path}: {counted(inspection.report)}", soft_wrap=True)
        raise typer.Exit(1)
    return inspection.resources


def stand_ins(gateway: Gateway) -> Keyring:
    """A keyring for compiling without the values, which only a running gateway reads."""
    names = {source.name for source in gateway.secrets} | set(_named_secrets(gateway))
    return Keyring(
        secrets=tuple(Secret(name, b"stand-in") for name in sorted(names)),
        edge_certificate=Certificate(name="edge", chain=b"", private_key=Secret("edge", b"")),
        certificates=tuple(
            Certificate(name=source.name, chain=b"", private_key=Secret(source.name, b""))
            for source in gateway.certificates
        ),
        client_certificates=tuple(
            Certificate(name=each.name, chain=b"", private_key=Secret(each.name, b""))
            for each in gateway.client_certificates
        ),
        authority=b"stand-in",
        services=tuple(
            Certificate(name=each.name, chain=b"", private_key=Secret(each.name, b""))
            for each in gateway.services
        ),
        authorities=tuple((path, b"stand-in") for path in _named_authorities(gateway)),
        revocations=tuple(
            (path, b"stand-in") for mutual in gateway.mutual_authentications for path in mutual.revoked
        ),
        link_certificate=Certificate(name="link", chain=b"", private_key=Secret("link", b"")),
    )


def _named_authorities(gateway: Gateway) -> Iterator[str]:
    yield from (group.tls.authority for group in gateway.target_groups if group.tls is not None)
    yield from (mutual.authority for mutual in gateway.mutual_authentications)


def _named_secrets(gateway: Gateway) -> Iterator[str]:
    for api in gateway.apis:
        for method in api.methods:
            for mapping in method.integration.request_parameters:
                if isinstance(mapping.source, LiteralSource):
                    yield from (part.name for part in mapping.source.parts if isinstance(part, SecretRef))
