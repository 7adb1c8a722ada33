"""From the project file's `discover` to the model's sources of targets."""

from __future__ import annotations

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.discovery import DnsHost, DnsService, Source, TargetFile
from gateline.sources.project import ProjectFile, settings
from gateline.sources.project_discovery import DiscoverPart, name_server
from gateline.sources.target_file import open_target_file, read_target_file
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def source(bench: Workbench, here: Pointer, part: DiscoverPart | None) -> Source | None:
    """Whom a target group asks; None: nobody."""
    if part is None:
        return None
    if part.file is not None:
        return _file(bench, (*here, "file"), part.file)
    assert part.dns is not None
    origin = bench.origin((*here, "dns"))
    if part.dns.srv is not None:
        return DnsService(name=str(part.dns.srv), origin=origin)
    assert part.dns.port is not None
    return DnsHost(name=str(part.dns.name), port=part.dns.port, origin=origin)


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
