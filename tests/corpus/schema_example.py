"""The smallest value that fits a schema of the corpus, well enough for its own validators."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "somebody@example.com",
    "uri": "https://example.com/",
    "uuid": "6f1d0dd4-3a6c-4b7e-9a55-0c5d7a3f1a11",
}
_TYPES: Final[dict[str, Any]] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None}


def example(schema: Mapping[str, Any], models: Mapping[str, str]) -> Any:
    """A value that fits the schema; `models` are the API's, as JSON text by name."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return example(json.loads(models[reference.rsplit("/", 1)[1]]), models)
    if "example" in schema or "default" in schema:
        return schema.get("example", schema.get("default"))
    if schema.get("enum"):
        return schema["enum"][0]
    if "allOf" in schema:
        return {key: value for part in schema["allOf"] for key, value in example(part, models).items()}
    if schema.get("type") == "array":
        return [example(schema.get("items", {}), models)] * int(schema.get("minItems", 0))
    if "type" not in schema or schema["type"] == "object":
        known = schema.get("properties", {})
        return {name: example(known.get(name, {}), models) for name in schema.get("required", ())}
    if schema["type"] == "string":
        return _text(schema)
    return schema.get("minimum", _TYPES[schema["type"]])


def _text(schema: Mapping[str, Any]) -> str:
    found: str = _FORMATS.get(schema.get("format", ""), "")
    candidates = [found, "text", "A1", "1", "a" * int(schema.get("minLength", 1))]
    pattern = schema.get("pattern", "")
    return next((text for text in candidates if text and re.search(pattern, text)), "text")
