"""Keys of Amazon's objects: the misspelled ones that real definitions hold are read as what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.definition import Definition
from gateline.sources.json_value import JsonValue

_SILENT_ALIASES: Final = frozenset({"integration-target"})
"""Spellings that Amazon's own documentation uses."""

NO_ALIASES: Final[Mapping[str, str]] = {}


def unmisspelled(
    definition: Definition,
    fields: dict[str, JsonValue],
    origin: Origin,
    known: frozenset[str],
    aliases: Mapping[str, str] = NO_ALIASES,
) -> dict[str, JsonValue]:
    """The fields under their right names; unknown ones are left out with a warning, right ones never."""
    if fields.keys() <= known:
        return fields
    right = {key: value for key, value in fields.items() if key in known}
    for key, value in fields.items():
        if key in known:
            continue
        meant = aliases.get(key) or next((name for name in known if name.lower() == key.lower()), None)
        if meant is None or meant in right:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
            advice = f"did you mean '{near[0]}'?" if near else ""
            place = definition.at(origin, key)
            definition.complain(codes.UNKNOWN_DEFINITION_KEY, place, f"'{key}' is not read", advice=advice)
            continue
        right[meant] = value
        if key not in _SILENT_ALIASES:
            place = definition.at(origin, key)
            message = f"'{key}' is read as '{meant}'"
            advice = f"Amazon ignores '{key}': write '{meant}'"
            definition.complain(codes.MISSPELLED_KEY, place, message, advice=advice)
    return right
