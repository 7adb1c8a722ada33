"""Mapping templates, and the words with which an object says how payloads are treated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, kind_of
from gateline.sources.json_value import JsonValue

_Choice = TypeVar("_Choice", bound=StrEnum)


class ContentHandling(StrEnum):
    """`contentHandling`; absent, a payload stays as it is."""

    CONVERT_TO_BINARY = "CONVERT_TO_BINARY"
    CONVERT_TO_TEXT = "CONVERT_TO_TEXT"


def choice(
    definition: Definition, fields: Mapping[str, JsonValue], key: str, choices: type[_Choice], origin: Origin
) -> _Choice | None:
    """One of Amazon's words, in any case; None when it is absent or no such word (complained)."""
    value = fields.get(key)
    if value is None or value == "":
        return None
    place = definition.at(origin, key)
    text = definition.text(value, place, key)
    found = next((member for member in choices if member.value.lower() == text.lower()), None)
    if found is None and text and not definition.placeholders.note_unknown(text, place):
        allowed = ", ".join(member.value for member in choices)
        definition.complain(codes.INTEGRATION_VALUE_INVALID, place, f"{key} '{text}' is none of {allowed}")
    return found


def read_templates(
    definition: Definition, fields: Mapping[str, JsonValue], key: str, origin: Origin
) -> tuple[tuple[str, str], ...]:
    """Mapping templates by media type. A mapping where text is wanted is read as the JSON that was meant."""
    templates: list[tuple[str, str]] = []
    place = definition.at(origin, key)
    for media_type, template in definition.mapping(fields.get(key), place, key).items():
        text = template if isinstance(template, str) else "" if template is None else json.dumps(template)
        if not isinstance(template, str) and template is not None:
            definition.complain(
                codes.TEMPLATE_NOT_TEXT,
                place.child(media_type),
                f"the template is {kind_of(template)}, not text: read as {text[:60]}",
                advice="in YAML, write '|' after the media type, and the template below it",
            )
        templates.append((media_type, text))
    return tuple(templates)
