"""From the project file's `discover` to the model's sources of targets."""

from __future__ import annotations

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.discovery import (
    AwsPlace,
    DnsHost,
    DnsService,
    DockerContainers,
    EcsTasks,
    Source,
    TargetFile,
)
from gateline.model.origin import Origin
from gateline.sources.project import GatewayPart, ProjectFile, settings
from gateline.sources.project_discovery import DiscoverPart, DockerPart, EcsPart, name_server
from gateline.sources.target_file import open_target_file, read_target_file
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def source(bench: Workbench, here: Pointer, part: DiscoverPart | None, gateway: GatewayPart) -> Source | None:
    """Whom a target group asks; None: nobody."""
    if part is None:
        return None
    if part.file is not None:
        return _file(bench, (*here, "file"), part.file)
    if part.ecs is not None:
        return _ecs(bench.origin((*here, "ecs")), part.ecs, gateway)
    if part.docker is not None:
        return _docker(bench, (*here, "docker"), part.docker)
    assert part.dns is not None
    origin = bench.origin((*here, "dns"))
    if part.dns.srv is not None:
        return DnsService(name=str(part.dns.srv), origin=origin)
    assert part.dns.port is not None
    return DnsHost(name=str(part.dns.name), port=part.dns.port, origin=origin)


def _docker(bench: Workbench, here: Pointer, part: DockerPart) -> DockerContainers:
    origin = bench.origin(here)
    return DockerContainers(
        labels=tuple(part.labels.items()),
        port=part.port,
        network=str(part.network or ""),
        socket=str(bench.reader.absolute(origin, part.socket)),
        origin=origin,
    )


def aws_endpoints(gateway: GatewayPart) -> tuple[tuple[str, str], ...]:
    """Where AWS services are reached instead of Amazon; "" is for those that are not named."""
    aws = gateway.aws
    return tuple((name.removeprefix("*"), url) for name, url in aws.endpoints.items()) if aws else ()


def _ecs(origin: Origin, part: EcsPart, gateway: GatewayPart) -> EcsTasks:
    endpoints = (("", str(part.endpoint)),) if part.endpoint is not None else aws_endpoints(gateway)
    return EcsTasks(
        cluster=str(part.cluster),
        service=str(part.service),
        container_name=str(part.container_name or ""),
        container_port=part.container_port,
        place=AwsPlace(region=str(part.region or gateway.region), endpoints=endpoints),
        origin=origin,
    )


def resolvers(project: ProjectFile) -> tuple[tuple[str, int], ...]:
    """The name servers that are asked in the place of the system's."""
    written = settings(project).resolver
    return tuple(each for each in map(name_server, written) if each is not None)


def _file(bench: Workbench, here: Pointer, written: str) -> TargetFile:
    """A file of targets. What stands in it is another's business, who may write it later, but `check` reads it."""
    origin = bench.origin(here)
    path = bench.reader.absolute(origin, written)
    made = TargetFile(path=str(path), name=bench.reader.name(path), origin=origin)
    if not bench.circumstances.checking:
        return made
    try:
        read_target_file(open_target_file(path, made.name), made.name, bench.complaints)
    except FileUnreadable as problem:
        advice = "whoever writes it may do so later; until then the group has no targets from there"
        bench.complain(codes.TARGET_FILE_UNREADABLE, here, f"no targets are known: {problem}", advice=advice)
    return made
