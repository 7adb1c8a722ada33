"""Memory: what one reading of a project lends the next, so that an edit costs what it changes.

Only readings without any complaint are kept, and only while everything that they depended on is the same: the
text of the definition, and what the project file says about it. A definition that includes other files is not
kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateline.model.rest_api import RestApi
from gateline.sources.api_use import Uses
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document

Circumstance = tuple[object, ...]


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
