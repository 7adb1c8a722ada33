"""Mapping templates, and the words with which an object says how payloads are treated."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, TypeVar

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, Fields, kind_of
from gateline.templates.template import TemplateInvalid, parse

LARGEST_TEMPLATE: Final = 307_200
"""Bytes of a mapping template that API Gateway takes (api-gateway.md section 4)."""

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


def read_mapping_templates(
    definition: Definition, fields: Fields, key: str, origin: Origin
) -> tuple[tuple[str, str], ...]:
    """Mapping templates, complaining of those that are no templates: their requests fail at Amazon.

    Amazon imports them and answers 500, so the complaint is allowable (GL347), and the template stays.
    """
    templates = read_templates(definition, fields, key, origin)
    for media_type, text in templates:
        fault = _fault(text)
        if fault:
            message = f"the template for {media_type} cannot be parsed: {fault}"
            advice = "Amazon answers every request that needs it with 500; `--allow GL347` serves it so"
            place = definition.at(origin, key, media_type)
            definition.complain(codes.TEMPLATE_INVALID, place, message, advice=advice)
    return templates


@lru_cache(maxsize=1024)
def _fault(template: str) -> str:
    """What is wrong with a template and where, for a person; "" when it can be parsed."""
    if len(template) > LARGEST_TEMPLATE // 4 and len(template.encode()) > LARGEST_TEMPLATE:
        return f"it has more than {LARGEST_TEMPLATE} bytes"
    if "$" not in template and "#" not in template:
        return ""
    try:
        parse(template)
    except TemplateInvalid as error:
        return f"line {error.line}, column {error.column}: {error}"
    return ""
