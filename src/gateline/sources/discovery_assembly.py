"""From the project file's `discover` to the model's sources of targets."""

from __future__ import annotations

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.discovery import Source, TargetFile
from gateline.sources.project_discovery import DiscoverPart
from gateline.sources.target_file import open_target_file, read_target_file
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def source(bench: Workbench, here: Pointer, part: DiscoverPart | None) -> Source | None:
    """Whom a target group asks; None: nobody."""
    return _file(bench, (*here, "file"), part) if part is not None else None


def _file(bench: Workbench, here: Pointer, part: DiscoverPart) -> TargetFile:
    """A file of targets. What stands in it is another's business, who may write it later, but `check` reads it."""
    origin = bench.origin(here)
    path = bench.reader.absolute(origin, part.file)
    made = TargetFile(path=str(path), name=bench.reader.name(path), origin=origin)
    if not bench.circumstances.checking:
        return made
    try:
        read_target_file(open_target_file(path, made.name), made.name, bench.complaints)
    except FileUnreadable as problem:
        advice = "whoever writes it may do so later; until then the group has no targets from there"
        bench.complain(codes.TARGET_FILE_UNREADABLE, here, f"no targets are known: {problem}", advice=advice)
    return made
