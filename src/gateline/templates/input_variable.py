"""`$input`: the body and the parameters of a request, or the body of what a backend answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from gateline.templates import json_text
from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.collection_methods import HeaderMap
from gateline.templates.json_text import JsonInvalid
from gateline.templates.jsonpath import MISSING, JsonPath, PathInvalid, parse_path
from gateline.templates.method import Method, Methods, Tool, text_argument

_NO_BODY: Final = "{}"
"""What an empty body is [R]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What `$input` shows. Headers are found in whatever case they are asked for."""

    body: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    querystring: Mapping[str, str] = field(default_factory=dict)
    header: Mapping[str, str] = field(default_factory=dict)


def _json(meter: Meter, this: InputVariable, path: object = "$") -> object:
    found = this.found(path, meter)
    return '""' if found is MISSING else json_text.write(found, meter)


def _path(meter: Meter, this: InputVariable, path: object = "$") -> object:
    found = this.found(path, meter)
    return None if found is MISSING else found


def _params(_: Meter, this: InputVariable, *names: object) -> object:
    return this.parameter(text_argument(names[0])) if names else this.parameters()


class InputVariable(Tool):
    """`$input` in one rendering; the body is read as JSON when somebody asks."""

    __slots__ = ("_body", "_input", "_parameters", "_value")

    METHODS: ClassVar[Methods] = {
        "json": Method(_json, 0, 1),
        "path": Method(_path, 0, 1),
        "params": Method(_params, 0, 1),
    }

    def __init__(self, given: Input) -> None:
        self._input = given
        self._body = given.body or _NO_BODY
        self._parameters: dict[str, object] | None = None
        self._value: object = MISSING

    def attribute(self, name: str) -> object:
        """`$input.body`."""
        return self._body if name == "body" else None

    def parameters(self) -> dict[str, object]:
        """`$input.params()`."""
        if self._parameters is None:
            self._parameters = {
                "path": dict(self._input.path),
                "querystring": dict(self._input.querystring),
                "header": HeaderMap(dict(self._input.header)),
            }
        return self._parameters

    def parameter(self, name: str) -> object:
        """`$input.params('name')`: path, then query, then headers; empty when there is none."""
        for place in self.parameters().values():
            found = place.get(name) if isinstance(place, dict) else None
            if found is not None:
                return found
        return ""

    def found(self, path: object, meter: Meter) -> object:
        """What the body has at a path.

        Raises:
            TemplateFailed: the path is none, or the body is no JSON.

        """
        try:
            parsed: JsonPath = parse_path(text_argument(path))
        except PathInvalid as error:
            raise TemplateFailed("a JSONPath cannot be read") from error
        value = parsed.read(self._document(meter), visits=meter.visits, seconds=meter.seconds)
        meter.look()
        return value

    def _document(self, meter: Meter) -> object:
        if self._value is MISSING:
            meter.take(len(self._body))
            self._value = document(self._body)
            meter.look()
        return self._value


def document(body: str) -> object:
    """A body as JSON; one that does not even begin as JSON is a text of its own (`name=value&…`).

    Raises:
        TemplateFailed: it begins as JSON and is none.

    """
    try:
        return json_text.read(body)
    except JsonInvalid as error:
        start = body.lstrip(" \t\r\n")[:1]
        if start in {"{", "[", '"', "'"}:
            raise TemplateFailed("the body is no JSON") from error
        return body
