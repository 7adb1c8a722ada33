"""Reader: the files of one project, each read once, under the names that a person would use for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.sources.document import Document, locate, parse_document, read_document
from gateline.sources.memory import Memory

_TOP = Position(1, 1)


class Reader:
    """Reads documents, remembers them for positions, and knows every file that the project depends on.

    With `texts`, by absolute paths, documents are read from these, and there are no others.
    """

    def __init__(
        self,
        project: Path,
        complaints: Complaints,
        memory: Memory | None = None,
        texts: Mapping[Path, str] | None = None,
    ) -> None:
        self._folder = _absolute(project.parent)
        self._named_folder = project.parent
        self._complaints = complaints
        self._memory = memory or Memory()
        self._texts = texts
        self._documents: dict[Path, Document | None] = {}
        self._by_name: dict[str, Document] = {}
        self._files: set[Path] = set()

    @property
    def files(self) -> frozenset[Path]:
        """Every file that was read, or that would have been had it been there."""
        return frozenset(self._files)

    @property
    def texts(self) -> Mapping[Path, str]:
        """What the documents that were read said, by their paths."""
        return {path: document.text for path, document in self._documents.items() if document is not None}

    def has(self, path: Path) -> bool:
        """Whether there is a regular file to be read."""
        return bool(is_file(path)) if self._texts is None else _absolute(path) in self._texts

    def absolute(self, origin: Origin, written: str) -> Path:
        """A path of a project file, made absolute: it is relative to the file that it is written in."""
        # Not Path.expanduser: that raises where there is no such user.
        return _absolute(self.folder(origin) / os.path.expanduser(written))  # noqa: PTH111

    def folder(self, origin: Origin) -> Path:
        """The folder of the file that an origin is in."""
        document = self._by_name.get(origin.file)
        return document.path.parent if document is not None else self._folder

    def name(self, path: Path) -> str:
        """How messages call a file: relative to the project the way the project itself was named."""
        relative = os.path.relpath(path, self._folder)
        return os.path.normpath(self._named_folder / relative)

    def depend_on(self, path: Path) -> None:
        """Note a file that the project needs but that somebody else reads, such as a private key."""
        self._files.add(path)

    def read(self, path: Path) -> Document | None:
        """The file's document; None when it is neither YAML nor JSON (already complained).

        Raises:
            FileUnreadable: the file is missing or cannot be read as text.

        """
        path = _absolute(path)
        if path not in self._documents:
            self._files.add(path)
            name = self.name(path)
            if self._texts is not None:
                if path not in self._texts:
                    message = f"{name} is none of the files that were accepted"
                    raise FileUnreadable(message)
                document = parse_document(self._texts[path], path, name, self._complaints)
                self._remember(path, document)
                return document
            if is_file(path) is False:  # a pipe or a device would hang the reader
                message = f"{name} is not a file"
                raise FileUnreadable(message)
            document = self._memory.document(path)
            if document is None:
                before = self._complaints.count
                document = read_document(path, name, self._complaints)
                if document is not None and self._complaints.count == before:
                    self._memory.keep_document(path, document)
            self._remember(path, document)
        return self._documents[path]

    def _remember(self, path: Path, document: Document | None) -> None:
        self._documents[path] = document
        if document is not None:
            self._by_name[document.name] = document

    def read_named(self, path: Path, origin: Origin, what: str) -> Document | None:
        """Like `read`, for a file that the project names: one that cannot be read is a complaint there."""
        try:
            return self.read(path)
        except FileUnreadable as error:
            self._complaints.add(
                codes.FILE_NOT_READABLE,
                origin,
                f"{what} cannot be read: {error}",
                help="paths are relative to the file that they are written in",
            )
            return None

    def locate(self, origin: Origin) -> Position:
        """The line and column of an origin; the top of the file when it cannot be told."""
        if origin.position is not None:
            return origin.position
        document = self._by_name.get(origin.file)
        return locate(document, origin.pointer) if document is not None else _TOP

    def text(self, file: str) -> str | None:
        """The text of a file that was read, by its name in messages."""
        document = self._by_name.get(file)
        return document.text if document is not None else None

    def place(self, origin: Origin) -> str:
        """`file:line:column` of an origin."""
        position = self.locate(origin)
        return f"{origin.file}:{position.line}:{position.column}"


def is_file(path: Path) -> bool | None:
    """Whether the path is a regular file; None when there is nothing, or nothing that may be seen."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None


def is_folder(path: Path) -> bool:
    """Whether the path is a folder, as far as that may be seen."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _absolute(path: Path) -> Path:
    # Symbolic links stay as they were named: a link's neighbours are those of its own folder.
    return Path(os.path.abspath(path))  # noqa: PTH100
