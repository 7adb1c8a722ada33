"""What a project file says about one of its APIs, handed to the reader of that API's definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateline.model.rest_api import Stage
from gateline.sources.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionContext:
    """The names and values that a definition may use, and how it is to be imported.

    `has_domain`: a custom domain maps the API, so its own host answers only when that is said somewhere.

    `project_folder` bounds what `AWS::Include` may read (default: the definition's own folder); `read_file`
    reads such a file and may raise FileUnreadable (default: `read_document`, so nobody else learns of it).
    """

    name: str
    api_id: str
    basepath: Literal["ignore", "prepend", "split"]
    stages: tuple[Stage, ...]
    substitutions: Mapping[str, str]
    secret_names: frozenset[str]
    function_names: frozenset[str] = frozenset()
    region: str
    account_id: str
    execute_api_endpoint: bool | None
    has_domain: bool = False
    project_folder: Path | None = None
    read_file: Callable[[Path], Document | None] | None = None
