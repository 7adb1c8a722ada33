"""Memory: what one reading of a project lends the next, so that an edit costs what it changes.

Only readings without any complaint are kept, and only while everything that they depended on is the same: the
text of the definition, and what the project file says about it. A definition that includes other files is not
kept. Of a definition that was edited the paths are kept that say what they said.
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from gateline.model.rest_api import Method, RestApi
from gateline.sources.api_use import Uses
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document
from gateline.sources.json_value import JsonValue

Circumstance = tuple[object, ...]
_BY_CONTENT: Final = 2  # marshal's format in which nothing depends on how often an object is used


def said(value: JsonValue) -> bytes:
    """A digest of a value with the order and the types of all that is in it; empty when it has none."""
    try:
        return blake2b(marshal.dumps(value, _BY_CONTENT), digest_size=16).digest()
    except ValueError:  # deeper than marshal goes
        return b""


class ReadPaths:
    """The methods of one definition's paths, so that an edit of one path does not read the others again.

    A path is kept when its reading left no trace beside its methods: no complaint, no name without a value, no
    model, no look at another path. Then they depend on nothing but what stands under the path and beside all paths.
    """

    def __init__(self) -> None:
        self._all_else: tuple[Circumstance, str, bytes] | None = None
        self._kept: dict[str, tuple[bytes, tuple[Method, ...]]] = {}
        self._former = self._kept

    def begin(self, circumstance: Circumstance, file: str, beside: bytes) -> None:
        """A reading begins of a file that says this beside its paths."""
        all_else = (circumstance, file, beside)
        self._former = self._kept if beside and all_else == self._all_else else {}
        self._all_else, self._kept = all_else, {}

    def methods(self, path: str, text: bytes) -> tuple[Method, ...] | None:
        """What was read under this path, if it said the same."""
        known = self._former.get(path)
        if known is None or not text or known[0] != text:
            return None
        self._kept[path] = known
        return known[1]

    def keep(self, path: str, text: bytes, methods: tuple[Method, ...]) -> None:
        """Keep what was read under a path without a trace."""
        self._kept[path] = (text, methods)


@dataclass(frozen=True, slots=True)
class _KeptApi:
    document: Document
    circumstance: Circumstance
    api: RestApi


class Memory:
    """Documents and APIs of the last readings, by path and by name."""

    def __init__(self) -> None:
        self._documents: dict[Path, Document] = {}
        self._apis: dict[str, _KeptApi] = {}
        self._paths: dict[str, ReadPaths] = {}
        self.uses = Uses()

    def document(self, path: Path) -> Document | None:
        """The document that was read there, if the file still says the same."""
        kept = self._documents.get(path)
        if kept is None:
            return None
        try:
            now = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            return None
        return kept if now == kept.text else None

    def keep_document(self, path: Path, document: Document) -> None:
        """Keep a document that was read without a complaint."""
        self._documents[path] = document

    def api(self, document: Document, circumstance: Circumstance) -> RestApi | None:
        """The API that was read from this very document under the same circumstance."""
        kept = self._apis.get(str(circumstance[0]))
        if kept is None or kept.document is not document or kept.circumstance != circumstance:
            return None
        return kept.api

    def paths(self, api: str) -> ReadPaths:
        """The paths of the last reading of an API's definition."""
        return self._paths.setdefault(api, ReadPaths())

    def keep_api(self, document: Document, circumstance: Circumstance, api: RestApi) -> None:
        """Keep an API that was read without a complaint and without another file."""
        self._apis[str(circumstance[0])] = _KeptApi(document, circumstance, api)


def circumstance(context: DefinitionContext, *, lenient: bool) -> Circumstance:
    """Everything beside its text that the reading of a definition depends on; the API's name comes first."""
    return (
        context.name,
        context.api_id,
        context.basepath,
        context.stages,
        tuple(sorted(context.substitutions.items())),
        context.secret_names,
        context.function_names,
        context.region,
        context.account_id,
        context.execute_api_endpoint,
        context.has_domain,
        context.project_folder,
        lenient,
    )
