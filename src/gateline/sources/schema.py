"""Models: a document's JSON Schemas, kept as text for whoever validates bodies, and which body has which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Code, Severity
from gateline.model.origin import Origin
from gateline.schemas.library import Library, model_in_url
from gateline.sources.definition import Definition, Dialect
from gateline.sources.json_value import JsonValue
from gateline.sources.model_schema import check_models

_REFERENCE: Final = re.compile(r'"\$ref": ("(?:[^"\\]|\\.)*")')
_MODEL: Final = re.compile(r"#/(?:definitions|components/schemas)/([^/]+)")
_INTO_MODEL: Final = re.compile(_MODEL.pattern + "(?:/.*)?")
_BARE_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _BrokenReference:
    code: Code
    reference: str
    origin: Origin


@dataclass(slots=True)
class Models:
    """A document's models by name; a schema that stands in an operation is named by its place."""

    texts: dict[str, str] = field(default_factory=dict)
    references: dict[str, set[str]] = field(default_factory=dict)
    broken: dict[str, list[_BrokenReference]] = field(default_factory=dict)
    validated: set[str] = field(default_factory=set)
    origins: dict[str, Origin] = field(default_factory=dict)

    def add(self, definition: Definition, name: str, schema: JsonValue, origin: Origin) -> None:
        """Keep a schema, and note which of its references lead nowhere."""
        text = json.dumps(schema)
        if '"$ref": ' in text:
            text = self._checked(definition, name, text, schema, origin)
        self.texts[name] = text
        self.origins[name] = origin

    def _checked(
        self, definition: Definition, name: str, text: str, schema: JsonValue, origin: Origin
    ) -> str:
        for written in dict.fromkeys(_REFERENCE.findall(text)):
            reference: str = json.loads(written)
            model = _INTO_MODEL.fullmatch(reference)
            canonical = model_in_url(reference)
            if model is not None or canonical is not None:
                self.references.setdefault(name, set()).add(model[1] if model else canonical or "")
            if canonical is not None:
                continue
            if reference.startswith("#"):
                is_found = definition.find(reference) or Library({name: text}).find(name, reference)
                if not is_found:
                    place = _place(schema, reference, origin)
                    broken = _BrokenReference(codes.REFERENCE_NOT_FOUND, reference, place)
                    self.broken.setdefault(name, []).append(broken)
                continue
            place = _place(schema, reference, origin)
            meant = _models_pointer(definition) + reference
            if _BARE_NAME.fullmatch(reference) and definition.find(meant) is not None:
                message = f"'{reference}' is read as '{meant}'"
                definition.complain(codes.MISSPELLED_KEY, place, message)
                text = text.replace(f'"$ref": {written}', f'"$ref": {json.dumps(meant)}')
                self.references.setdefault(name, set()).add(reference)
                continue
            broken = _BrokenReference(codes.REFERENCE_REMOTE, reference, place)
            self.broken.setdefault(name, []).append(broken)
        return text

    def model_of(self, definition: Definition, schema: JsonValue, origin: Origin) -> str:
        """The model that a body's schema is: the one referred to, or one named by its place; "" if none."""
        if not isinstance(schema, dict):
            return ""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            model = _MODEL.fullmatch(reference)
            name = model[1] if model else reference
            if name in self.texts:
                return name
        name = "#" + origin.json_pointer
        self.add(definition, name, schema, origin)
        return name

    def report(self, definition: Definition) -> None:
        """Complain about references that lead nowhere: errors where a body must be validated by them."""
        needed: set[str] = set()
        waiting = list(self.validated)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += self.references.get(name, ())
        for name, faults in self.broken.items():
            for fault in faults:
                is_remote = fault.code is codes.REFERENCE_REMOTE
                said = "is not part of this document" if is_remote else "leads nowhere"
                advice = "no body can be validated against it" if name in needed else ""
                severity = None if name in needed else Severity.WARNING
                message = f"the $ref '{fault.reference}' of a model {said}"
                definition.complain(fault.code, fault.origin, message, advice=advice, severity=severity)
        told = {(name, fault.reference) for name, faults in self.broken.items() for fault in faults}
        places = {name: self.origins[name] for name in self.texts if name in needed}
        check_models(definition, self.texts, places, told)


def read_models(definition: Definition) -> Models:
    """The named models of the document."""
    models = Models()
    origin = definition.origin
    schemas = definition.root
    for key in _models_pointer(definition).strip("#/").split("/"):
        schemas = definition.mapping(schemas, key, origin)
        origin = definition.at(origin, key)
    for name, schema in schemas.items():
        models.add(definition, name, schema, definition.at(origin, name))
    return models


def request_models(
    definition: Definition,
    models: Models,
    operation: dict[str, JsonValue],
    body: tuple[JsonValue, Origin] | None,
    origin: Origin,
) -> tuple[tuple[str, str], ...]:
    """The model of an operation's body for each of its media types."""
    if definition.dialect is Dialect.SWAGGER_2:
        if body is None:
            return ()
        name = models.model_of(definition, *body)
        consumes = operation.get("consumes", definition.root.get("consumes"))
        types = [entry for entry in consumes if isinstance(entry, str)] if isinstance(consumes, list) else []
        return tuple((media_type, name) for media_type in types or ["application/json"]) if name else ()
    if "requestBody" not in operation:
        return ()
    followed, place = definition.follow(operation["requestBody"], definition.at(origin, "requestBody"))
    body_fields = definition.as_mapping(followed, place, "requestBody")
    found: list[tuple[str, str]] = []
    for media_type, fields, below in definition.entries(body_fields, "content", place):
        name = models.model_of(definition, fields.get("schema"), definition.at(below, "schema"))
        if name:
            found.append((media_type, name))
    return tuple(found)


def _models_pointer(definition: Definition) -> str:
    return "#/definitions/" if definition.dialect is Dialect.SWAGGER_2 else "#/components/schemas/"


def _place(schema: JsonValue, reference: str, origin: Origin) -> Origin:
    """Where a schema holds a reference; searched only for a complaint."""
    return next(_places(schema, reference, origin), origin)


def _places(value: JsonValue, reference: str, origin: Origin) -> Iterator[Origin]:
    if isinstance(value, dict):
        if value.get("$ref") == reference:
            yield origin.child("$ref")
        for key, below in value.items():
            yield from _places(below, reference, origin.child(key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _places(below, reference, origin.child(index))
