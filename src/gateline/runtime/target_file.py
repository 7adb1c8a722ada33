"""A file of targets, watched: what it names, and what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateline.discovery.source import Targets
from gateline.errors import FileUnreadable, SourceSilent
from gateline.model.diagnostic import Complaints, Report
from gateline.model.discovery import TargetFile
from gateline.model.origin import Origin, Position
from gateline.runtime.notice import Complained, Notify
from gateline.runtime.watching import Watch, looked_again, signature
from gateline.sources.target_file import open_target_file, read_target_file


@dataclass(frozen=True, slots=True)
class FileText:
    """Places of one file, for diagnostics that carry theirs."""

    file: str
    content: str

    def locate(self, origin: Origin) -> Position:
        """The line and column of an origin."""
        return origin.position or Position(1, 1)

    def text(self, file: str) -> str | None:
        """The file's text."""
        return self.content if file == self.file else None


async def follow_file(
    source: TargetFile, tell: Callable[[Targets], None], complain: Callable[[str], None], notify: Notify
) -> None:
    """Tell what the file names, now and each time that it has changed, for ever.

    Args:
        source: the file.
        tell: hears what it names.
        complain: hears why it names nothing that can be used; what it said before still counts then.
        notify: hears the diagnostics, with their lines.

    """
    path = Path(source.path)
    expected = await asyncio.to_thread(signature, (path,))
    told = Report()
    with Watch(expected) as watch:
        while True:
            try:
                found, report, text = await asyncio.to_thread(_read, path, source.name)
                if found is None:
                    if report != told:  # while a file is written, it is wrong again and again
                        notify(Complained(report, text, refused=False))
                    complain(f"{source.name} cannot be used")
                else:
                    tell(found)
                told = report
            except SourceSilent as problem:
                complain(str(problem))
            await watch.changed(expected)
            expected = await asyncio.to_thread(looked_again, expected)


def _read(path: Path, name: str) -> tuple[Targets | None, Report, FileText]:
    """What the file names now, what is wrong with it if that is None, and its text.

    Raises:
        SourceSilent: it is not there, or cannot be read.

    """
    complaints = Complaints()
    try:
        raw = open_target_file(path, name)
    except FileUnreadable as problem:
        raise SourceSilent(str(problem)) from problem
    found = read_target_file(raw, name, complaints)
    return found, complaints.report(), FileText(name, raw.decode(errors="replace"))
