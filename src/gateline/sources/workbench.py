"""Workbench: what everybody needs who makes the model's values of a project file's parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateline.model import codes
from gateline.model.diagnostic import Code, Complaints
from gateline.model.gateway import SelfSigned, TlsFiles
from gateline.model.origin import Origin
from gateline.sources.circumstances import Circumstances
from gateline.sources.environment import as_written
from gateline.sources.project_part import TlsPart
from gateline.sources.reader import Reader, is_file
from gateline.sources.tree import Node, Pointer, dotted
from gateline.sources.validation import Validated


@dataclass(frozen=True, slots=True)
class Workbench:
    """The project's tree with its places, its files, and where complaints go."""

    tree: Node
    validated: Validated
    reader: Reader
    circumstances: Circumstances
    complaints: Complaints

    def origin(self, pointer: Pointer) -> Origin:
        """Where the value at a pointer was written."""
        return self.tree.at(pointer).origin

    def complain(self, code: Code, pointer: Pointer, message: str, *, advice: str = "") -> None:
        """A complaint at the place of a value."""
        self.complaints.add(code, self.origin(pointer), message, help=advice)

    def shown(self, pointer: Pointer, text: str) -> str:
        """A text of the value at the pointer for a message: what the environment gave is never repeated."""
        return as_written(self.tree.at(pointer).value, text)

    def file(self, pointer: Pointer, written: str) -> Path:
        """A file that the running gateway reads, made absolute; a complaint when it is not there."""
        origin = self.origin(pointer)
        path = self.reader.absolute(origin, written)
        self.reader.depend_on(path)
        if not is_file(path):
            self.missing(pointer, path)
        return path

    def missing(self, pointer: Pointer, path: Path) -> None:
        """Complain that what the project file names is not there."""
        self.complaints.add(
            codes.FILE_NOT_READABLE,
            self.origin(pointer),
            f"{dotted(pointer)} names {self.reader.name(path)}, which is not there",
            help="paths are relative to the file that they are written in",
            severity=self.circumstances.needed_to_start,
        )

    def tls(self, pointer: Pointer, part: TlsPart | None) -> SelfSigned | TlsFiles | None:
        """Where a certificate is to be read; None when the part says nothing."""
        if part is None or not (part.self_signed or part.certificate):
            return None
        if part.self_signed:
            return SelfSigned(origin=self.origin(pointer))
        return TlsFiles(
            certificate=str(self.file((*pointer, "certificate"), part.certificate)),
            private_key=str(self.file((*pointer, "private_key"), part.private_key)),
            origin=self.origin(pointer),
        )
