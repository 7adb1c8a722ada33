"""Functions of the project file: where their code lies, and whether what is named there exists."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.function import Function, FunctionKind
from gateline.sources.circumstances import Circumstances
from gateline.sources.project_function import ConcurrencyPart, FunctionPart
from gateline.sources.reader import Reader, is_file, is_folder
from gateline.sources.tree import Node, Pointer, dotted


@dataclass(frozen=True, slots=True)
class FunctionReader:
    """Makes functions of the project file's parts; complains about files that are not there."""

    tree: Node
    reader: Reader
    circumstances: Circumstances
    complaints: Complaints
    region: str

    def function(self, name: str, part: FunctionPart) -> Function:
        """The function of that name. Whether its code can be run is known only when it is."""
        here: Pointer = ("functions", name)
        code = self._path((*here, "code"), part.code) if part.code else None
        layers = tuple(self._path((*here, "layers", i), text) for i, text in enumerate(part.layers))
        if code is not None and part.is_python and not layers:  # a layer may hold the handler, as on Lambda
            self._check_handler((*here, "handler"), code, part.handler)
        concurrency = part.concurrency or ConcurrencyPart()
        return Function(
            name=name,
            kind=_kind(part),
            handler=part.handler,
            code=str(code or ""),
            runtime=part.runtime or ("python3" if part.code else ""),
            interpreter=self._interpreter((*here, "interpreter"), part.interpreter),
            layers=tuple(map(str, layers)),
            timeout=timedelta(seconds=part.timeout),
            region=self.region,
            memory_size=part.memory_size,
            environment=tuple((key, str(value)) for key, value in part.environment.items()),
            url=part.url,
            arn=part.arn,
            minimum=concurrency.minimum,
            maximum=concurrency.maximum,
            origin=self.tree.at(here).origin,
        )

    def _path(self, pointer: Pointer, written: str) -> Path:
        """A folder or file of code, made absolute. What lies in a folder is watched by the runtime."""
        path = self.reader.absolute(self.tree.at(pointer).origin, written)
        if not is_folder(path):
            self.reader.depend_on(path)
            if not is_file(path):
                self._missing(pointer, path)
        return path

    def _interpreter(self, pointer: Pointer, written: str) -> str:
        if not written:
            return ""
        path = self.reader.absolute(self.tree.at(pointer).origin, written)
        self.reader.depend_on(path)
        if not is_file(path):
            self._missing(pointer, path)
        return str(path)

    def _missing(self, pointer: Pointer, path: Path) -> None:
        self.complaints.add(
            codes.FILE_NOT_READABLE,
            self.tree.at(pointer).origin,
            f"{dotted(pointer)} names {self.reader.name(path)}, which is not there",
            help="paths are relative to the file that they are written in",
            severity=self.circumstances.needed_to_start,
        )

    def _check_handler(self, pointer: Pointer, code: Path, handler: str) -> None:
        """The file of `file.function` must be in the code: that it is not is known before any event."""
        module, _, function = handler.rpartition(".")
        stem = module.replace(".", "/")
        wanted = (f"{stem}.py", f"{stem}/__init__.py")
        if is_folder(code):
            for name in wanted:
                self.reader.depend_on(code / name)
            if any(is_file(code / name) for name in wanted):
                return
            modules = sorted(path.stem for path in code.glob("*.py"))
        else:
            held = _modules_of_file(code)
            if held is None or not held.isdisjoint(wanted):
                return
            modules = sorted(Path(name).stem for name in held if "/" not in name and name.endswith(".py"))
        where = f"no {wanted[0]} in {self.reader.name(code)}"
        advice = f"'{handler}' means the function '{function}' of the file {wanted[0]}"
        if len(modules) == 1:
            advice = f"did you mean '{modules[0]}.{function}'?"
        message = f"{dotted(pointer)} is '{handler}', but there is {where}"
        self.complaints.add(codes.HANDLER_NOT_FOUND, self.tree.at(pointer).origin, message, help=advice)


def _modules_of_file(code: Path) -> set[str] | None:
    """The names of files in a zip, or of the one file that is all the code; None when it is not there."""
    if not is_file(code):
        return None
    if code.suffix.lower() != ".zip":
        return {code.name}
    try:
        with zipfile.ZipFile(code) as archive:
            return set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return set()


def _kind(part: FunctionPart) -> FunctionKind:
    if part.url:
        return FunctionKind.URL
    if part.arn:
        return FunctionKind.ARN
    return FunctionKind.PYTHON if part.is_python else FunctionKind.RUNTIME_API
