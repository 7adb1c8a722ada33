"""`Fn::Transform: AWS::Include`: parts of a definition that lie in files of their own.

Before `sam package` the location is a local path, which is what teams have in their repositories. The keys of
the included file win over those beside the function (the `/never-created` workaround of corpus.md).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.document import Document, read_document
from gateline.sources.intrinsics import Evaluation, IntrinsicError
from gateline.sources.json_value import JsonValue

MAX_INCLUDES: Final = 100
MAX_NESTING: Final = 8
MAX_PATH: Final = 40
"""How deep in a definition an include may stand: what it brings may be as deep again as any document."""


@dataclass(slots=True)
class Includes:
    """Reads included files for one definition; `origins` says where what they bring was written."""

    folder: Path
    open_documents: list[Document]
    origins: dict[Origin, Origin] = field(default_factory=dict)
    read: int = 0

    def __call__(self, evaluation: Evaluation, values: dict[str, JsonValue]) -> JsonValue:
        """The mapping that holds `Fn::Transform`, with what the function stands for in its place."""
        beside = {key: value for key, value in values.items() if key != "Fn::Transform"}
        result: dict[str, JsonValue] = {}
        for key, value in beside.items():
            evaluation.path.append(key)
            result[key] = evaluation.document(value)
            evaluation.path.pop()
        transforms = values["Fn::Transform"]
        for transform in transforms if isinstance(transforms, list) else [transforms]:
            outer = evaluation.origin
            document = self._document(evaluation, transform)
            if document is None:
                continue
            included = self._evaluated(evaluation, document)
            if not isinstance(included, dict):
                if len(values) == 1:
                    self.origins[outer] = Origin(document.name)
                    return included
                message = f"{document.name} is not a mapping, so nothing may stand beside its AWS::Include"
                evaluation.complaints.add(codes.INCLUDE_REFUSED, outer.child("Fn::Transform"), message)
                continue
            for key in included:
                self.origins[outer.child(key)] = Origin(document.name, (key,))
            result.update(included)
        return result

    def _evaluated(self, evaluation: Evaluation, document: Document) -> JsonValue:
        """The included file's value; complaints about it name the file itself."""
        outside = evaluation.file, evaluation.entered
        evaluation.file, evaluation.entered = document.name, len(evaluation.path)
        self.open_documents.append(document)
        value = evaluation.document(document.value)
        self.open_documents.pop()
        evaluation.file, evaluation.entered = outside
        return value

    def _document(self, evaluation: Evaluation, transform: JsonValue) -> Document | None:
        evaluation.path.append("Fn::Transform")
        try:
            return self._read(evaluation, self._location(evaluation, transform))
        except (FileUnreadable, IntrinsicError) as error:
            advice = error.advice if isinstance(error, IntrinsicError) else ""
            evaluation.complaints.add(codes.INCLUDE_REFUSED, evaluation.origin, str(error), help=advice)
            return None
        finally:
            evaluation.path.pop()

    def _location(self, evaluation: Evaluation, transform: JsonValue) -> str:
        if not isinstance(transform, dict) or transform.get("Name") != "AWS::Include":
            raise IntrinsicError("the only transform that is read inside a definition is AWS::Include")
        parameters = transform.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        if location is None:
            raise IntrinsicError("AWS::Include needs Parameters.Location")
        text = evaluation.text(location)
        if "://" in text or "${" in text:
            message = f"AWS::Include of '{text}': only files beside the definition are read"
            raise IntrinsicError(message, "write the path of the file, relative to the definition")
        return text

    def _read(self, evaluation: Evaluation, location: str) -> Document | None:
        including = self.open_documents[-1]
        path = Path(os.path.normpath(including.path.parent / location))
        name = os.path.normpath(Path(including.name).parent / location)
        try:
            is_inside = path.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or a NUL in the path
            message = f"{name!r} is not the path of a file"
            raise IntrinsicError(message) from error
        if not is_inside:
            message = f"AWS::Include of {name}: the file lies outside of {self.folder}"
            raise IntrinsicError(message, "a definition may only include files of its own project")
        self.read += 1
        nests = len(self.open_documents) > MAX_NESTING or len(evaluation.path) > MAX_PATH
        if self.read > MAX_INCLUDES or nests:
            message = f"AWS::Include of {name}: the files include each other too often or too deeply"
            raise IntrinsicError(message)
        read_file = evaluation.context.read_file
        return read_file(path) if read_file else read_document(path, name, evaluation.complaints)
