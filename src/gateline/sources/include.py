"""`include`: a project file and the files that it takes in, as one tree."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin
from gateline.sources.document import Document
from gateline.sources.environment import fill
from gateline.sources.overlay import join
from gateline.sources.reader import Reader
from gateline.sources.tree import Node, grow

_KEY: Final = "include"


class Includer:
    """Reads a project file with everything that it includes, each file once however many name it."""

    def __init__(self, reader: Reader, environ: Mapping[str, str], complaints: Complaints) -> None:
        self._reader = reader
        self._environ = environ
        self._complaints = complaints
        self._taken: set[Path] = set()

    def tree(self, document: Document) -> Node | None:
        """The document's tree with its includes joined in; None when it holds no map (already complained)."""
        return self._joined(document, ())

    def _joined(self, document: Document, above: tuple[Path, ...]) -> Node | None:
        own = os.path.realpath(document.path)
        self._taken.add(Path(own))
        top = grow(document.value if document.value is not None else {}, Origin(document.name))
        if not isinstance(top.value, Mapping):
            self._complaints.add(
                codes.NOT_A_PROJECT,
                top.origin,
                f"{document.name} holds no map of keys, so it is no project file",
            )
            return None
        whole = Node({key: node for key, node in top.value.items() if key != _KEY}, top.origin)
        includes = top.value.get(_KEY)
        for pattern in self._patterns(includes):
            for path in self._matches(pattern, (*above, Path(own))):
                taken = self._take(path, pattern, (*above, Path(own)))
                if taken is not None:
                    whole = join(whole, taken, self._reader.place, self._complaints)
        return whole

    def _patterns(self, includes: Node | None) -> tuple[Node, ...]:
        if includes is None or includes.value is None:
            return ()
        filled, broken = fill(includes, self._environ, self._complaints)
        if not isinstance(filled.value, tuple):
            self._complaints.add(
                codes.WRONG_TYPE,
                includes.origin,
                "include must be a list",
                help="write include: [services/*.yaml]",
            )
            return ()
        patterns = [node for index, node in enumerate(filled.value) if (index,) not in broken]
        for node in patterns:
            if not _is_path(node):
                self._complaints.add(codes.WRONG_TYPE, node.origin, "include lists paths, as text")
        return tuple(node for node in patterns if _is_path(node))

    def _matches(self, pattern: Node, above: tuple[Path, ...]) -> list[Path]:
        """The files that a pattern names, in the order of their names, so that every machine agrees."""
        text = str(pattern.value)
        if not glob.has_magic(text):
            return [self._reader.absolute(pattern.origin, text)]
        # Not Path.glob: it takes neither absolute patterns nor `..`.
        hits = glob.glob(text, root_dir=self._reader.folder(pattern.origin), recursive=True)  # noqa: PTH207
        found = [self._reader.absolute(pattern.origin, hit) for hit in sorted(hits)]
        # A pattern may match the file that holds it; only a file named outright can make a circle.
        found = [
            path for path in found if self._reader.has(path) and Path(os.path.realpath(path)) not in above
        ]
        if not found:
            self._complaints.add(
                codes.INCLUDE_NOT_FOUND,
                pattern.origin,
                f"no file matches '{_written(pattern)}'",
                severity=Severity.WARNING,
            )
        return found

    def _take(self, path: Path, pattern: Node, above: tuple[Path, ...]) -> Node | None:
        real = Path(os.path.realpath(path))
        name = self._reader.name(path)
        if real in above:
            chain = " → ".join(self._reader.name(link) for link in (*above[above.index(real) :], real))
            self._complaints.add(
                codes.INCLUDE_CYCLE, pattern.origin, f"{name} is included by itself: {chain}"
            )
            return None
        if real in self._taken:
            return None
        try:
            document = self._reader.read(path)
        except FileUnreadable as error:
            self._complaints.add(
                codes.INCLUDE_NOT_FOUND, pattern.origin, f"the included file cannot be read: {error}"
            )
            return None
        if document is None:
            return None
        if isinstance(document.value, dict) and document.value.keys() & {"swagger", "openapi"}:
            self._complaints.add(
                codes.NOT_A_PROJECT,
                pattern.origin,
                f"{name} is an OpenAPI document, not a part of a project file",
                help="name it as the definition of an API under apis",
            )
            return None
        return self._joined(document, above)


def _is_path(node: Node) -> bool:
    return isinstance(node.value, str) and node.value != "" and "\0" not in node.value


def _written(pattern: Node) -> str:
    return getattr(pattern.value, "written", str(pattern.value))
