"""FRONT ENDS: text to model. `load` is the front door: a project file or a bare document, as a Gateway.

Nothing here knows Envoy, a network or a process. What is wrong with a file is a diagnostic with its place,
and all of them are collected; only a file that a command names and that cannot be read is an exception.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.diagnostic import Complaints, Report
from gateline.model.gateway import Gateway
from gateline.model.origin import Origin, Position
from gateline.sources.assembly import Assembler, api_name
from gateline.sources.circumstances import Circumstances
from gateline.sources.document import Document, JsonValue
from gateline.sources.environment import fill
from gateline.sources.include import Includer
from gateline.sources.memory import Memory
from gateline.sources.overlay import lay_over
from gateline.sources.project import ProjectFile
from gateline.sources.reader import Reader, is_file
from gateline.sources.resolve import check_project, check_unused, check_uses
from gateline.sources.stage_name import DEFAULT_STAGE
from gateline.sources.tree import Node, grow
from gateline.sources.validation import validate

PROJECT_FILE: Final = "gateline.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A project as read: the Gateway, or None when there are errors; and every file, to be watched."""

    gateway: Gateway | None
    report: Report
    files: frozenset[Path]
    bare: bool
    reader: Reader = field(repr=False, compare=False)

    def locate(self, origin: Origin) -> Position:
        """The line and column of an origin; found only when somebody asks."""
        return self.reader.locate(origin)

    def text(self, file: str) -> str | None:
        """The text of a file as it was read, by its name in diagnostics."""
        return self.reader.text(file)


def find_project(start: Path | None = None) -> Path:
    """What a command means: the FILE, the DIR's gateline.yaml, or the nearest one in the folders above.

    Raises:
        FileUnreadable: there is none.

    """
    if start is not None:
        named = start / PROJECT_FILE if stat.S_ISDIR(_mode(start)) else start
        _mode(named)
        return named
    here = Path()
    for _ in (here, *Path.cwd().parents):
        if is_file(here / PROJECT_FILE):
            return here / PROJECT_FILE
        here = here / ".."
    message = f"there is no {PROJECT_FILE} here or in a folder above; name a project or an OpenAPI document"
    raise FileUnreadable(message)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        message = f"{path} does not exist"
        raise FileUnreadable(message) from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise FileUnreadable(message) from error


def load(
    path: Path,
    *,
    overlays: Sequence[Path] = (),
    environ: Mapping[str, str],
    allowed: frozenset[str] = frozenset(),
    checking: bool = False,
    memory: Memory | None = None,
    texts: Mapping[Path, str] | None = None,
) -> Loaded:
    """Read a project whole.

    Args:
        path: a project file or a bare OpenAPI document.
        overlays: project files laid over it, in order.
        environ: where `${env:NAME}` is looked up.
        allowed: diagnostics that may pass, by name.
        checking: nothing will be started, so what only a start needs may be missing.
        memory: of former readings of the same project; what did not change is not read again.

        texts: what the files of definitions say, by their absolute paths, instead of what is on the disk.

    Raises:
        FileUnreadable: `path` or an overlay is missing or cannot be read.

    """
    complaints = Complaints(allowed)
    memory = memory or Memory()
    reader = Reader(path, complaints, memory, texts)
    document = reader.read(path)
    bare = document is not None and _is_openapi(document)
    circumstances = Circumstances(environ=environ, checking=checking, bare=bare)
    tree = _tree(document, bare, overlays, reader, environ, complaints) if document is not None else None
    gateway = _gateway(tree, reader, circumstances, complaints, memory) if tree is not None else None
    report = complaints.report()
    return Loaded(
        gateway=None if report.error_count else gateway,
        report=report,
        files=reader.files,
        bare=bare,
        reader=reader,
    )


def _is_openapi(document: Document) -> bool:
    return isinstance(document.value, dict) and bool(document.value.keys() & {"swagger", "openapi"})


def _tree(
    document: Document,
    bare: bool,
    overlays: Sequence[Path],
    reader: Reader,
    environ: Mapping[str, str],
    complaints: Complaints,
) -> Node | None:
    """The project's tree with its overlays on top; None when there is nothing to go on with."""
    tree: Node | None
    if bare:
        api: JsonValue = {"definition": f"./{document.path.name}", "stages": {DEFAULT_STAGE: {}}}
        tree = _at_one_place(
            grow({"apis": {api_name(document.path): api}}, Origin("")), Origin(document.name)
        )
    elif _is_something_else(document, complaints):
        return None
    else:
        tree = Includer(reader, environ, complaints).tree(document)
    for overlay in overlays:
        above = reader.read(overlay)
        upper = Includer(reader, environ, complaints).tree(above) if above is not None else None
        if tree is not None and upper is not None:
            tree = lay_over(tree, upper)
    return tree


def _at_one_place(node: Node, origin: Origin) -> Node:
    """The tree of what nobody wrote: every value of it stands at the place that made it necessary."""
    if isinstance(node.value, Mapping):
        return Node({key: _at_one_place(below, origin) for key, below in node.value.items()}, origin)
    return Node(node.value, origin)


def _is_something_else(document: Document, complaints: Complaints) -> bool:
    """A file without any key of a project file gets one clear word instead of a list of unknown keys."""
    if not isinstance(document.value, dict) or not document.value:
        return False
    known = {*ProjectFile.model_fields, *ProjectFile.LATER}
    if document.value.keys() & known:
        return False
    template = document.value.keys() & {"AWSTemplateFormatVersion", "Resources", "Transform"}
    complaints.add(
        codes.NOT_A_PROJECT,
        Origin(document.name),
        f"{document.name} is a CloudFormation or SAM template, which this version does not read"
        if template
        else f"{document.name} is neither a project file nor an OpenAPI document",
        help="put what stands under Body or DefinitionBody into a file of its own, and name that"
        if template
        else "a project file has the key apis or load_balancers, an OpenAPI document the key swagger or openapi",
    )
    return True


def _gateway(
    tree: Node, reader: Reader, circumstances: Circumstances, complaints: Complaints, memory: Memory
) -> Gateway | None:
    filled, broken = fill(tree, circumstances.environ, complaints)
    validated = validate(filled, broken, complaints)
    project = validated.project
    if project is None:
        return None
    check_project(project, filled, complaints)
    gateway = Assembler(filled, validated, reader, circumstances, complaints, memory).gateway(project)
    check_uses(gateway, filled, memory.uses, circumstances, complaints)
    if len(gateway.apis) == len(filled.names("apis")):
        texts = {api.name: reader.text(api.origin.file) or "" for api in gateway.apis}
        check_unused(gateway, project, filled, memory.uses, texts, complaints)
    return gateway
