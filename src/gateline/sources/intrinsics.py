"""CloudFormation's intrinsic functions inside a definition, evaluated before anything else reads it.

A fifth of real definitions hold them (`reference/corpus.md`). Values come from the project file's
`substitutions`: `Ref: X` and `${X}` ask for `X`, `Fn::GetAtt` for `X.Attribute`, `Fn::ImportValue` for the
export's name, `Fn::FindInMap` for `Map.First.Second`, `Fn::If` for the condition's name. What has no value
becomes the text `${name}`, so that reading goes on, and a complaint.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.json_value import JsonValue
from gateline.sources.placeholder import Missed, Need, Placeholders, substituted

_HARMLESS_ROOTS: Final = frozenset(
    {
        "info", "host", "basePath", "servers", "schemes", "tags", "externalDocs", "definitions",
        "x-amazon-apigateway-documentation", "Metadata", "Description",
    }
)  # fmt: skip
_HARMLESS_KEYS: Final = frozenset(
    {
        "credentials", "authorizerCredentials", "description", "summary", "title", "example", "examples",
        "externalDocs", "tags", "operationId",
    }
)  # fmt: skip
HEADER_TARGET: Final = "integration.request.header."


class NoValue:
    """What `AWS::NoValue` evaluates to: the key or the entry that holds it is left out."""


NO_VALUE: Final = NoValue()
Resolved = JsonValue | NoValue
Pointer = tuple[str | int, ...]


@dataclass(slots=True)
class Evaluation:
    """One pass over a document's value; `include` reads the files of `Fn::Transform: AWS::Include`."""

    context: DefinitionContext
    placeholders: Placeholders
    complaints: Complaints
    file: str
    include: Callable[[Evaluation, dict[str, JsonValue]], JsonValue]
    path: list[str | int] = field(default_factory=list)
    entered: int = 0  # how much of the path lies in front of the included file

    @property
    def origin(self) -> Origin:
        """The place that is being looked at."""
        return Origin(self.file, tuple(self.path[self.entered :]))

    def document(self, value: JsonValue) -> JsonValue:
        """The document's value without functions."""
        resolved = self.resolve(value)
        return None if isinstance(resolved, NoValue) else resolved

    def resolve(self, value: JsonValue) -> Resolved:
        """A value without functions; the very same object when it holds none."""
        if isinstance(value, str):
            return self._text(value) if "${" in value else value
        if isinstance(value, dict):
            return self._mapping(value)
        return self._sequence(value) if isinstance(value, list) else value

    def _sequence(self, values: list[JsonValue]) -> JsonValue:
        resolved: list[JsonValue] = []
        changed = False
        for index, value in enumerate(values):
            self.path.append(index)
            new = self.resolve(value)
            self.path.pop()
            changed = changed or new is not value
            if not isinstance(new, NoValue):
                resolved.append(new)
        return resolved if changed else values

    def _mapping(self, values: dict[str, JsonValue]) -> Resolved:
        if len(values) == 1:
            name, argument = next(iter(values.items()))
            evaluate = FUNCTIONS.get(name)
            if evaluate is not None and (name != "Ref" or isinstance(argument, str)):
                return self._function(name, argument, evaluate)
        if "Fn::Transform" in values:
            return self.include(self, values)
        changed: dict[str, Resolved] = {}
        path = self.path
        for key, value in values.items():  # passes every value of every document: written for speed
            kind = type(value)
            if kind is dict:
                path.append(key)
                new = self._mapping(value)  # type: ignore[arg-type]  # mypy does not narrow by `kind`
            elif kind is list or (kind is str and "${" in value):  # type: ignore[operator]
                path.append(key)
                new = self.resolve(value)
            else:
                continue
            path.pop()
            if new is not value:
                changed[key] = new
        if changed or "${" in "".join(values):
            return self._changed(values, changed)
        return values

    def _changed(self, values: dict[str, JsonValue], changed: Mapping[str, Resolved]) -> JsonValue:
        result: dict[str, JsonValue] = {}
        for key, value in values.items():
            new = changed.get(key, value)
            if not isinstance(new, NoValue):
                result[self._text(key) if "${" in key else key] = new
        return result

    def _text(self, text: str) -> str:
        filled = self.placeholders.filled(text)
        self._check_secrets(filled)
        return filled

    def _check_secrets(self, text: str) -> None:
        """A declared secret may stand in a header mapping only: anywhere else it would end in plain sight."""
        found = self.placeholders.secrets_in(text)
        if not found or self._is_header_mapping():
            return
        self.complaints.add(
            codes.SECRET_OUT_OF_PLACE,
            self.origin,
            f"the secret '{found[0]}' may not stand here",
            help="a secret may only be (part of) the value of an integration.request.header.NAME mapping",
        )

    def _is_header_mapping(self) -> bool:
        """Whether the path leads through `integration.requestParameters."integration.request.header.X"`."""
        path = self.path
        for index, key in enumerate(path[:-1]):
            if key == "requestParameters" and str(path[index + 1]).startswith(HEADER_TARGET):
                return (
                    "x-amazon-apigateway-integration" in path[max(index - 1, 0) : index]
                    or "x-amazon-apigateway-integrations" in path[max(index - 2, 0) : index]
                )
        return False

    def _function(self, name: str, argument: JsonValue, evaluate: Function) -> Resolved:
        at = len(self.path)
        self.path.append(name)
        try:
            result = evaluate(self, argument)
        except IntrinsicError as error:
            self.complaints.add(codes.INTRINSIC_INVALID, self.origin, f"{name}: {error}", help=error.advice)
            result = f"${{{name}}}"
        del self.path[at:]
        if isinstance(result, str) and "${" in result:
            self._check_secrets(result)
        return result

    def unknown(self, name: str, need: Need = Need.SUBSTITUTION) -> str:
        """Remember a name without a value; the text that stands in for it."""
        root = self.path[0] if self.path else ""
        is_model = self.path[:2] == ["components", "schemas"]
        harmless = root in _HARMLESS_ROOTS or is_model or not _HARMLESS_KEYS.isdisjoint(self.path)
        if need is Need.SUBSTITUTION and self._is_header_mapping():
            need = Need.SECRET
        self.placeholders.note(name, self.origin, need, missed=Missed.IDLE if harmless else Missed.NEEDED)
        return f"${{{name}}}"

    def named(self, name: str) -> str:
        """The value of a parameter, an attribute or a pseudo parameter; a secret stays a reference."""
        if name in self.placeholders.secret_names:
            return f"${{{name}}}"
        value = self.placeholders.value(name)
        if value is None and name in self.context.function_names:
            return name  # what CloudFormation's Ref to a function gives
        return self.unknown(name) if value is None else value

    def text(self, argument: JsonValue) -> str:
        """An argument that must come out as text."""
        value = self.resolve(argument) if not isinstance(argument, str) else argument
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int, float)):
            return str(value)
        raise IntrinsicError("expected text")

    def texts(self, argument: JsonValue) -> list[str]:
        """An argument that must come out as a list of texts; a parameter of list type is text with commas."""
        value = self.resolve(argument)
        if isinstance(value, str):
            return value.split(",")
        if not isinstance(value, list):
            raise IntrinsicError("expected a list")
        return [self.text(entry) for entry in value]


class IntrinsicError(Exception):
    """A function whose arguments do not fit."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


Function = Callable[[Evaluation, JsonValue], Resolved]


def _pair(argument: JsonValue, length: int) -> list[JsonValue]:
    if not isinstance(argument, list) or len(argument) != length:
        message = f"expected a list of {length} arguments"
        raise IntrinsicError(message)
    return argument


def _ref(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    if argument == "AWS::NoValue":
        return NO_VALUE
    return evaluation.named(evaluation.text(argument))


def _get_att(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    if isinstance(argument, list):
        return evaluation.named(".".join(evaluation.text(part) for part in argument))
    return evaluation.named(evaluation.text(argument))


def _sub(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    own: dict[str, str] = {}
    template = argument
    if isinstance(argument, list):
        template, values = _pair(argument, 2)
        if not isinstance(values, dict):
            raise IntrinsicError("expected a mapping of names to values as the second argument")
        for key, value in values.items():
            at = len(evaluation.path)
            evaluation.path += [1, key]
            own[key] = evaluation.text(value)
            del evaluation.path[at:]
    if not isinstance(template, str):
        raise IntrinsicError("expected text, or a list of text and a mapping")
    return substituted(template, lambda name: own[name] if name in own else evaluation.named(name))


def _join(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    separator, entries = _pair(argument, 2)
    return evaluation.text(separator).join(evaluation.texts(entries))


def _split(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    separator, text = _pair(argument, 2)
    if not separator:
        raise IntrinsicError("expected a separator")
    return list(evaluation.text(text).split(evaluation.text(separator)))


def _select(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    index, entries = _pair(argument, 2)
    values = evaluation.texts(entries)
    number = evaluation.text(index)
    if len(values) == 1 and values[0].startswith("${"):
        return values[0]  # a list that nobody knows; complained about already
    if not number.isdecimal() or len(number) > 6 or int(number) >= len(values):
        message = f"there is no entry {number} in a list of {len(values)}"
        raise IntrinsicError(message)
    return values[int(number)]


def _if(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    condition, first, second = _pair(argument, 3)
    name = evaluation.text(condition)
    value = (evaluation.placeholders.value(name) or "").lower()
    if value not in {"true", "false"}:
        evaluation.unknown(name, Need.CONDITION)
    branch = 2 if value == "false" else 1
    evaluation.path.append(branch)
    return evaluation.resolve(second if branch == 2 else first)


def _import_value(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    return evaluation.named(evaluation.text(argument))


def _find_in_map(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    keys = argument[:3] if isinstance(argument, list) else argument
    return evaluation.named(".".join(evaluation.text(key) for key in _pair(keys, 3)))


def _base64(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    return base64.b64encode(evaluation.text(argument).encode()).decode()


def _to_json_string(evaluation: Evaluation, argument: JsonValue) -> Resolved:
    value = evaluation.resolve(argument)
    return json.dumps(None if isinstance(value, NoValue) else value)


def _not_evaluated(evaluation: Evaluation, _argument: JsonValue) -> Resolved:
    message = "is not evaluated in a definition"
    raise IntrinsicError(message, f"write the value that it has on Amazon in place of {evaluation.path[-1]}")


FUNCTIONS: Final[Mapping[str, Function]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json_string,
    "Fn::GetAZs": _not_evaluated,
    "Fn::Cidr": _not_evaluated,
    "Fn::Length": _not_evaluated,
    "Fn::And": _not_evaluated,
    "Fn::Or": _not_evaluated,
    "Fn::Not": _not_evaluated,
    "Fn::Equals": _not_evaluated,
}
"""The functions of the CloudFormation reference that definitions hold; `Fn::Transform` is in transform.py."""
