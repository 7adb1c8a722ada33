"""Method parameters: what an operation, or its path, says that a request carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Severity
from gateline.model.integration import Location
from gateline.model.origin import Origin
from gateline.model.rest_api import MethodParameter, PathTemplate
from gateline.sources.definition import Definition, Fields
from gateline.sources.json_value import JsonValue
from gateline.sources.mapping import NAME, NAME_RULE

_LOCATIONS: Final = {"path": Location.PATH, "query": Location.QUERYSTRING, "header": Location.HEADER}
_NOT_MAPPED: Final = frozenset({"formData", "cookie"})
"""Places that API Gateway has no method parameters for."""

_Key = tuple[Location, str]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Declared parameters by place and name, and the schema of a Swagger 2.0 body parameter."""

    declared: dict[_Key, MethodParameter] = field(default_factory=dict)
    body: tuple[JsonValue, Origin] | None = None


def read_parameters(
    definition: Definition, fields: Fields, origin: Origin, inherited: Parameters
) -> Parameters:
    """The parameters of an operation or a path; they win over inherited ones of the same place and name."""
    entries = definition.sequence(fields, "parameters", origin)
    if not entries:
        return inherited
    declared = dict(inherited.declared)
    body = inherited.body
    for index, entry in enumerate(entries):
        keys: tuple[str | int, ...] = ("parameters", index)
        place = origin
        if not isinstance(entry, dict) or "$ref" in entry:
            followed, place = definition.follow(entry, definition.at(origin, *keys))
            entry, keys = definition.as_mapping(followed, place, "a parameter"), ()  # noqa: PLW2901
            if not entry:
                continue
        where = entry.get("in")
        if where == "body":
            body = (entry.get("schema"), definition.at(place, *keys, "schema"))
            continue
        if isinstance(where, str) and where in _NOT_MAPPED:
            continue
        parameter = _parameter(definition, entry, place, *keys)
        if parameter is not None:
            declared[parameter.location, parameter.name] = parameter
    return Parameters(declared, body)


def method_parameters(
    definition: Definition, parameters: Parameters, path: PathTemplate, origin: Origin
) -> tuple[MethodParameter, ...]:
    """A method's parameters: the declared ones, and its path's, which ten real definitions do not declare."""
    declared = parameters.declared
    if not declared and not path.segments:
        return ()
    places: dict[str, Location] = {}
    for location, name in declared:
        first = places.setdefault(name, location)
        if first is not location:
            message = f"'{name}' is a parameter of the {first} and of the {location}: "
            rule = "Parameter names must be unique across querystring, header and path"
            definition.complain(codes.PARAMETER_INVALID, origin, message + rule)
    undeclared = (name for name in path.parameters if (Location.PATH, name) not in declared)
    own = tuple(MethodParameter(location=Location.PATH, name=name, required=True) for name in undeclared)
    return (*declared.values(), *own)


def _parameter(
    definition: Definition, fields: dict[str, JsonValue], origin: Origin, *keys: str | int
) -> MethodParameter | None:
    """One parameter; its place, below `origin`, is made only for a complaint, since there are so many."""
    name, where = fields.get("name"), fields.get("in")
    location = _LOCATIONS.get(where) if isinstance(where, str) else None
    if not isinstance(name, str) or not name or location is None:
        message = "a parameter needs a name, and one of path, query, header, body as its 'in'"
        definition.complain(codes.PARAMETER_INVALID, definition.at(origin, *keys), message)
        return None
    if location is Location.PATH:
        name = name.removesuffix("+")  # as exports of HTTP APIs declare it
    if not NAME.fullmatch(name):
        message = f"'{name}': {NAME_RULE}"
        place = definition.at(origin, *keys)
        definition.complain(codes.PARAMETER_INVALID, place, message, severity=Severity.WARNING)
    required = fields.get("required")
    if not isinstance(required, bool):
        required = required is not None and definition.boolean(
            fields, "required", definition.at(origin, *keys)
        )
    return MethodParameter(location=location, name=name, required=required)
