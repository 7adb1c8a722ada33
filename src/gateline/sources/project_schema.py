"""The JSON Schema of gateline.yaml, from the project file's models, in the form that editors like best."""

from __future__ import annotations

from typing import Any, Final

from gateline.sources.project import ProjectFile

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ID: Final = "urn:gateline:schema:project"

_REFERENCE: Final = {
    "type": "string",
    "pattern": r"\$\{env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
    "description": "A value that holds ${env:NAME} or ${env:NAME:-default}.",
}
_LIMITING: Final = frozenset({"pattern", "enum", "const", "minLength", "maxLength"})

Schema = dict[str, Any]  # a JSON Schema is JSON of any shape; it goes out of here as it is


def project_schema() -> Schema:
    """The schema: every key described, no other allowed, `${env:...}` allowed where a value is limited."""
    generated = ProjectFile.model_json_schema()
    parts = {name: _part(part) for name, part in generated.pop("$defs").items()}
    whole = _part(generated)
    return {
        "$schema": DIALECT,
        "$id": ID,
        "title": "gateline.yaml",
        **{key: value for key, value in whole.items() if key != "title"},
        "$defs": {**parts, "environment": _REFERENCE},
    }


def _part(part: Schema) -> Schema:
    """A map of the file. Titles that only repeat a key's name are left out: editors show them first."""
    properties = {key: _key(schema) for key, schema in part.get("properties", {}).items()}
    return {**{key: value for key, value in part.items() if key != "title"}, "properties": properties}


def _key(schema: Schema) -> Schema:
    """One key: no `null` beside its true form, no default that only means `not set`."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "anyOf" in kept:
        choices = [choice for choice in kept["anyOf"] if choice != {"type": "null"}]
        kept = {**kept, "anyOf": choices} if len(choices) > 1 else {**choices[0], **_without(kept, "anyOf")}
    if kept.get("default", 0) in (None, "", [], {}):
        kept = _without(kept, "default")
    return _value(kept)


def _value(schema: Schema) -> Schema:
    """Values below a key, and the way out that `${env:...}` is for every limited one."""
    changed = dict(schema)
    if isinstance(schema.get("items"), dict):
        changed["items"] = _value(schema["items"])
    if "patternProperties" in schema:
        changed["patternProperties"] = {
            key: _value(value) for key, value in schema["patternProperties"].items()
        }
        changed["additionalProperties"] = False
    if (
        schema.get("type") in {"integer", "number", "boolean"}
        or (_LIMITING & schema.keys())
        or "anyOf" in schema
    ):
        outer: Schema = {key: changed.pop(key) for key in ("description", "default") if key in changed}
        choices = changed.pop("anyOf", []) if "anyOf" in changed else [changed]
        return {**outer, "anyOf": [*choices, {"$ref": "#/$defs/environment"}]}
    return changed


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
