"""The kinds of values in the project file's `services`."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateline.sources.project_values import Matches


def _words(value: object) -> object:
    """A command in one line is split as a shell would split it; nothing in it is expanded."""
    if isinstance(value, str):
        try:
            value = tuple(shlex.split(value))
        except ValueError:
            says = "a list of words, or one line whose quotes are closed"
            raise PydanticCustomError("not_allowed", "{says}", {"says": says}) from None
    if isinstance(value, tuple) and (not value or value[0] == ""):
        raise PydanticCustomError("not_allowed", "{says}", {"says": "a program and its arguments"})
    return value


ServiceText = Annotated[str, Matches(r"[^\x00]*", "text without NUL", shown=".*")]
CommandWords = Annotated[
    tuple[ServiceText, ...],
    BeforeValidator(_words),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]
ServiceVariableName = Annotated[
    str, Matches(r"[A-Za-z_][A-Za-z0-9_]*", "a letter or '_', then letters, digits and '_'")
]
