"""Definition: a document whose functions are evaluated, and the verbs with which readers take it apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import unquote

from gateline.model import codes
from gateline.model.arn import partition
from gateline.model.diagnostic import Code, Complaints, Severity
from gateline.model.origin import Origin
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document
from gateline.sources.intrinsics import Evaluation
from gateline.sources.json_value import JsonValue
from gateline.sources.placeholder import Missed, Need, Placeholders
from gateline.sources.transform import Includes

MAX_REFERENCES: Final = 32
"""How many `$ref` may lead to each other before a value; real ones are one or two."""

Fields = Mapping[str, JsonValue]
EndpointFault = tuple[Code, str, str]
"""What is wrong with an endpoint: the code, the sentence, the advice."""


class Dialect(Enum):
    """How a document is written: the two differ in where things stand."""

    SWAGGER_2 = "swagger 2.0"
    OPENAPI_3 = "openapi 3"


@dataclass(slots=True, kw_only=True)
class Definition:
    """One API's document while it is being read. Readers take values through it, so that it can complain."""

    root: dict[str, JsonValue]
    dialect: Dialect
    file: str
    context: DefinitionContext
    complaints: Complaints
    placeholders: Placeholders
    origins: dict[Origin, Origin]
    endpoints: dict[str, tuple[EndpointFault, ...]] = field(default_factory=dict)  # judged by endpoint.py
    complained: set[tuple[str, Origin, str]] = field(default_factory=set)
    remarks: int = 0  # complaints, the repeated ones too, and looks at what other paths say

    @property
    def traces(self) -> int:
        """How much reading has done beside its result; what leaves none yields the same the next time."""
        return self.remarks + self.placeholders.noted

    @property
    def origin(self) -> Origin:
        """The document as a whole."""
        return Origin(self.file)

    def at(self, origin: Origin, *keys: str | int) -> Origin:
        """The place of a value below another, also when it was included from a file of its own."""
        if not self.origins:
            return origin.child(*keys)
        for key in keys:
            below = origin.child(key)
            origin = self.origins.get(below, below)
        return origin

    def complain(
        self,
        code: Code,
        origin: Origin,
        message: str,
        *,
        advice: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Record a complaint about this definition, once: many operations may share what it is about."""
        self.remarks += 1
        if (code.name, origin, message) not in self.complained:
            self.complained.add((code.name, origin, message))
            self.complaints.add(code, origin, message, help=advice, severity=severity)

    def mapping(self, fields: Fields, key: str, origin: Origin) -> dict[str, JsonValue]:
        """A field that must be a mapping; an absent one counts as empty."""
        value = fields.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self._wrong_type(value, self.at(origin, key), key, "a mapping")
        return {}

    def as_mapping(self, value: JsonValue, origin: Origin, what: str) -> dict[str, JsonValue]:
        """A value that must be a mapping; an absent one counts as empty."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self._wrong_type(value, origin, what, "a mapping")
        return {}

    def sequence(self, fields: Fields, key: str, origin: Origin) -> list[JsonValue]:
        """A field that must be a list; an absent one counts as empty."""
        value = fields.get(key)
        if isinstance(value, list):
            return value
        if value is not None:
            self._wrong_type(value, self.at(origin, key), key, "a list")
        return []

    def texts(self, fields: Fields, key: str, origin: Origin) -> tuple[str, ...]:
        """A field that must be a list of texts."""
        values = self.sequence(fields, key, origin)
        return tuple(self._text(v, key, self.at(origin, key, i)) for i, v in enumerate(values))

    def text(self, fields: Fields, key: str, origin: Origin) -> str:
        """A field that must be text; numbers are taken as they are written, an absent one is ""."""
        value = fields.get(key)
        if isinstance(value, str):
            return value
        return "" if value is None else self._text(value, key, self.at(origin, key))

    def _text(self, value: JsonValue, what: str, origin: Origin) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        self._wrong_type(value, origin, what, "text")
        return ""

    def integer(self, fields: Fields, key: str, origin: Origin) -> int | None:
        """A field that must be a whole number, or text of one; None when it is absent or wrong."""
        value = fields.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
            return int(value)
        if not (isinstance(value, str) and self.unknown(value, origin, key)):
            self._wrong_type(value, self.at(origin, key), key, "a whole number")
        return None

    def boolean(self, fields: Fields, key: str, origin: Origin) -> bool:
        """A field that must be a boolean, or the text that an intrinsic function makes of one."""
        value = fields.get(key)
        if isinstance(value, bool) or value is None:
            return bool(value)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not (isinstance(value, str) and self.unknown(value, origin, key)):
            self._wrong_type(value, self.at(origin, key), key, "true or false")
        return False

    def unknown(self, text: str, origin: Origin, *keys: str | int, missed: Missed = Missed.NEEDED) -> bool:
        """Whether a text that matters holds names without a value; they are remembered for this place."""
        names = self.placeholders.names_in(text)
        for name in names:
            self.placeholders.note(name, self.at(origin, *keys), Need.SUBSTITUTION, missed=missed)
        return bool(names)

    def _wrong_type(self, value: JsonValue, origin: Origin, what: str, wanted: str) -> None:
        message = f"{what} must be {wanted}, not {kind_of(value)}"
        self.complain(codes.DEFINITION_VALUE_WRONG_TYPE, origin, message)

    def entries(
        self, fields: Fields, key: str, origin: Origin
    ) -> Iterator[tuple[str, dict[str, JsonValue], Origin]]:
        """The entries of a mapping of mappings, references followed, with their places."""
        values = self.mapping(fields, key, origin)
        if not values:
            return
        outer = self.at(origin, key)
        for name, below in values.items():
            found, place = self.follow(below, self.at(outer, name))
            if isinstance(found, dict):
                yield name, found, place
            elif found is not None or below is None:
                self._wrong_type(found, place, f"'{name}'", "a mapping")

    def follow(self, value: JsonValue, origin: Origin) -> tuple[JsonValue, Origin]:
        """The value that a local `$ref` leads to, and its place; None when it leads nowhere (complained)."""
        for _ in range(MAX_REFERENCES):
            if not isinstance(value, dict) or not isinstance(reference := value.get("$ref"), str):
                return value, origin
            if not reference.startswith("#"):
                self.complain(
                    codes.REFERENCE_REMOTE,
                    origin.child("$ref"),
                    f"'{reference}' is not part of this document, and nothing else is fetched",
                    advice="copy what it means into the document and refer to it as '#/...'",
                )
                return None, origin
            found = self.find(reference)
            if found is None:
                self.complain(
                    codes.REFERENCE_NOT_FOUND, origin.child("$ref"), f"there is nothing at '{reference}'"
                )
                return None, origin
            value, origin = found
        self.complain(codes.REFERENCE_NOT_FOUND, origin, "the references lead in a circle")
        return None, origin

    def find(self, reference: str) -> tuple[JsonValue, Origin] | None:
        """The value at a local reference such as `#/components/schemas/Pet`, and its place."""
        value: JsonValue = self.root
        origin = self.origin
        parts = reference.removeprefix("#").lstrip("/").split("/") if len(reference) > 1 else []
        self.remarks += not parts or unquote(parts[0]) == "paths"
        for part in parts:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and key in value:
                value, origin = value[key], self.at(origin, key)
            elif isinstance(value, list) and key.isdecimal() and len(key) < 9 and int(key) < len(value):
                value, origin = value[int(key)], self.at(origin, int(key))
            else:
                return None
        return value, origin


def kind_of(value: JsonValue) -> str:
    """A value's type in a person's words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    match value:
        case None:
            return "nothing"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a mapping"


def evaluate(
    document: Document, context: DefinitionContext, complaints: Complaints
) -> tuple[JsonValue, Placeholders, dict[Origin, Origin]]:
    """The document's value without functions; the names that it uses; the places of what it includes."""
    placeholders = Placeholders(
        {**_pseudo_parameters(context), **_function_arns(context), **context.substitutions},
        context.secret_names,
        context.function_names,
    )
    includes = Includes(context.project_folder or document.path.parent, [document])
    evaluation = Evaluation(
        context=context,
        placeholders=placeholders,
        complaints=complaints,
        file=document.name,
        include=includes,
    )
    return evaluation.document(document.value), placeholders, includes.origins


def _pseudo_parameters(context: DefinitionContext) -> dict[str, str]:
    """CloudFormation's own parameters; the API stands for the stack."""
    region, named = context.region, partition(context.region)
    stack = f"arn:{named}:cloudformation:{region}:{context.account_id}:stack/{context.name}/{context.api_id}"
    return {
        "AWS::Region": region,
        "AWS::AccountId": context.account_id,
        "AWS::Partition": named,
        "AWS::URLSuffix": "amazonaws.com.cn" if named == "aws-cn" else "amazonaws.com",
        "AWS::StackName": context.name,
        "AWS::StackId": stack,
    }


def _function_arns(context: DefinitionContext) -> dict[str, str]:
    """What `X.Arn`, and SAM's `X.Alias`, mean of a function that the project file declares as X or X:alias."""
    prefix = f"arn:{partition(context.region)}:lambda:{context.region}:{context.account_id}:function"
    logical_ids = {name.split(":")[0] for name in context.function_names}
    return {
        f"{name}.{attribute}": f"{prefix}:{name}" for name in logical_ids for attribute in ("Arn", "Alias")
    }
