"""Mapping templates, and the words with which an object says how payloads are treated."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from typing import TypeVar

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, Fields, kind_of

_Choice = TypeVar("_Choice", bound=StrEnum)


class ContentHandling(StrEnum):
    """`contentHandling`; absent, a payload stays as it is."""

    CONVERT_TO_BINARY = "CONVERT_TO_BINARY"
    CONVERT_TO_TEXT = "CONVERT_TO_TEXT"


@cache
def _words(choices: type[_Choice]) -> dict[str, _Choice]:
    return {member.value.lower(): member for member in choices}


def choice(
    definition: Definition, fields: Fields, key: str, choices: type[_Choice], origin: Origin
) -> _Choice | None:
    """One of Amazon's words, in any case; None when it is absent or no such word (complained)."""
    text = definition.text(fields, key, origin)
    if not text:
        return None
    found = _words(choices).get(text.lower())
    if found is None and not definition.unknown(text, origin, key):
        allowed = ", ".join(member.value for member in choices)
        message = f"{key} '{text}' is none of {allowed}"
        definition.complain(codes.INTEGRATION_VALUE_INVALID, definition.at(origin, key), message)
    return found


def read_templates(
    definition: Definition, fields: Fields, key: str, origin: Origin
) -> tuple[tuple[str, str], ...]:
    """Mapping templates by media type. A mapping where text is wanted is read as the JSON that was meant."""
    templates: list[tuple[str, str]] = []
    for media_type, template in definition.mapping(fields, key, origin).items():
        text = template if isinstance(template, str) else "" if template is None else json.dumps(template)
        if not isinstance(template, str) and template is not None:
            definition.complain(
                codes.TEMPLATE_NOT_TEXT,
                definition.at(origin, key, media_type),
                f"the template is {kind_of(template)}, not text: read as {text[:60]}",
                advice="in YAML, write '|' after the media type, and the template below it",
            )
        templates.append((media_type, text))
    return tuple(templates)
