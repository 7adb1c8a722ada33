"""From the project file's domains to the model's: hosts that nobody else has, stages that exist."""

from __future__ import annotations

from gateline.model import codes
from gateline.model.domain import BasePathMapping, Domain
from gateline.model.gateway import CertificateSource
from gateline.sources.project import ProjectFile, settings
from gateline.sources.project_domain import DomainPart
from gateline.sources.stage_name import named_stage
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


class DomainReader:
    """Makes domains and notes the certificates that they need."""

    def __init__(self, bench: Workbench, project: ProjectFile) -> None:
        self._bench = bench
        self._hosts = frozenset(settings(project).hosts)
        self._seen: set[str] = set()
        self.certificates: list[CertificateSource] = []

    def domain(self, written: str, part: DomainPart) -> Domain:
        """The domain of that name."""
        here: Pointer = ("domains", written)
        name = written.lower()
        self._check_host(here, name)
        source = self._bench.tls(here, part)
        certificate = f"domain/{name}" if source is not None else ""
        if source is not None:
            self.certificates.append(CertificateSource(name=certificate, source=source, hosts=(name,)))
        return Domain(
            name=name,
            certificate=certificate,
            mappings=tuple(
                self._mapping((*here, "mappings", path), path, leads) for path, leads in part.mappings.items()
            ),
            origin=self._bench.origin(here),
        )

    def _check_host(self, here: Pointer, name: str) -> None:
        labels = name.split(".")
        said = ""
        if name in self._seen:
            said = f"the domain '{name}' is written twice"
        elif name in self._hosts:
            said = f"the domain '{name}' is one of gateway.hosts too"
        elif labels[-1] == "localhost" or labels[1:2] == ["execute-api"]:
            said = f"the domain '{name}' is among the hosts that reach APIs by their own names"
        self._seen.add(name)
        if said:
            self._bench.complain(codes.HOST_TAKEN, here, said)

    def _mapping(self, pointer: Pointer, path: str, leads: str) -> BasePathMapping:
        api, stage = named_stage(self._bench, pointer, leads)
        return BasePathMapping(base_path=path, api=api, stage=stage, origin=self._bench.origin(pointer))
