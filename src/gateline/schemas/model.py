"""Models of an API, ready to judge bodies: JSON Schema, draft 4, as API Gateway reads and words it.

Own, and not the library `jsonschema`: what a client gets to read (`$context.error.validationErrorString`) is the list
of messages of one certain validator, json-schema-validator, in its order, with its numbers and its rules about what
is still looked at after a fault. Behind other messages, another order, floats for numbers, `re` without a bound and
references resolved by another idea, little of a library would be left (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateline.schemas import syntax
from gateline.schemas.json_body import Json, JsonInvalid, read
from gateline.schemas.keywords import Judge
from gateline.schemas.library import Library
from gateline.schemas.pattern import TooLong
from gateline.schemas.report import Report
from gateline.schemas.schema import Reference, Schema

UNREADABLE: Final = "[Unknown error parsing request body]"
"""What API Gateway says of a body that is no JSON."""

TOO_MUCH: Final = "[The request body takes too long to validate]"
"""What Gateline says of a body that nobody can judge in the time that a body has."""

LEAST_STEPS: Final = 50_000
STEPS_OF_A_BYTE: Final = 4
LEAST_SECONDS: Final = 0.25
SECONDS_OF_A_BYTE: Final = 1.5e-6
"""What a body may cost, by its size: schemas applied to values, and time of the processor.

Usual ones take a tenth of a step and half a microsecond for each byte.
"""

BRIEF_STEPS: Final = 2_000
BRIEF_SECONDS: Final = 0.004
"""What nearly all small bodies do with, too: for who may not be kept waiting long, and can ask again."""


class SchemaInvalid(Exception):
    """A model that nothing can be judged by; the message says why."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a model. `reference` is the `$ref` that leads nowhere, if that is what is wrong."""

    model: str
    pointer: tuple[str | int, ...]
    message: str
    reference: str = ""


class Models:
    """An API's models by name; each is made ready when it is first needed. Any thread may ask.

    Args:
        definitions: name → JSON Schema as JSON text.

    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._library = Library(definitions)
        self._ready: dict[int, tuple[Json, Judge]] = {}

    def violations(self, name: str, body: bytes, *, is_brief: bool = False) -> str | None:
        """What `$context.error.validationErrorString` says of a body; None: it fits the model.

        An empty body is judged as `{}` [R].

        Raises:
            SchemaInvalid: there is no such model, or it is no schema. Such a request must be refused.
            TooLong: it was to be brief, and takes longer than that.

        """
        try:
            value = read(body) if body else {}
        except JsonInvalid:
            return UNREADABLE
        schema = self._model(name)
        steps, seconds = BRIEF_STEPS, BRIEF_SECONDS
        if not is_brief:
            steps = LEAST_STEPS + STEPS_OF_A_BYTE * len(body)
            seconds = LEAST_SECONDS + SECONDS_OF_A_BYTE * len(body)
        report = Report(steps=steps, seconds=seconds)
        try:
            schema.judge(value, report)
        except (TooLong, RecursionError):
            if is_brief:
                raise
            return TOO_MUCH
        if report.is_good:
            return None
        # Half a pair of surrogates is no character; Java writes a question mark, too.
        return f"[{', '.join(report.messages)}]".encode(errors="replace").decode()

    def _model(self, name: str) -> Judge:
        try:
            return self._made(name, self._library.model(name))
        except (KeyError, JsonInvalid) as error:
            raise SchemaInvalid("there is no such model") from error

    def _made(self, home: str, value: Json) -> Judge:
        """The schema, ready. The value is kept too, so that its id stays its own."""
        known = self._ready.get(id(value))
        if known is None:
            known = self._ready[id(value)] = (value, self._make(home, value))
        return known[1]

    def _make(self, home: str, value: Json) -> Judge:
        if not isinstance(value, dict):
            raise SchemaInvalid("a schema must be an object")
        reference = value.get("$ref")
        if isinstance(reference, str):
            return Reference(lambda: self._referred(home, reference))
        try:
            return Schema(value, lambda below: self._made(home, below))
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise SchemaInvalid("no schema of draft 4") from error

    def _referred(self, home: str, reference: str) -> Judge:
        try:
            found = self._library.find(home, reference)
        except JsonInvalid:
            found = None
        if found is None:
            raise SchemaInvalid("a $ref that leads nowhere")
        return self._made(*found)


def check(definitions: Mapping[str, str], names: Iterable[str] | None = None) -> Iterator[Problem]:
    """What is wrong with these models, all without `names`; nothing, when bodies can be judged by each of them."""
    library = Library(definitions)
    for name in definitions if names is None else names:
        try:
            schema = library.model(name)
        except JsonInvalid:
            yield Problem(
                name, (), "the model is no JSON that can be read (a number out of range, or too deep)"
            )
            continue
        for pointer, message in syntax.faults(schema):
            yield Problem(name, pointer, message)
        yield from _reference_problems(library, name, schema)


def _reference_problems(library: Library, name: str, schema: Json) -> Iterator[Problem]:
    waiting: list[tuple[tuple[str | int, ...], Json]] = [((), schema)]
    while waiting:
        pointer, value = waiting.pop()
        if not isinstance(value, dict):
            continue
        reference = value.get("$ref")
        if not isinstance(reference, str):
            waiting += [((*pointer, *step), below) for step, below in syntax.subschemas(value)]
        elif library.find(name, reference) is None:
            said = f"the $ref '{reference}' of a model leads nowhere"
            yield Problem(name, (*pointer, "$ref"), said, reference)
        elif _is_circle(library, name, value):
            said = "the schema refers to itself for the same value: no body could ever be judged"
            yield Problem(name, (*pointer, "$ref"), said)


def _is_circle(library: Library, home: str, start: dict[str, Any]) -> bool:
    """Whether a schema comes back to itself without going into the value that it judges."""
    seen: set[int] = set()
    waiting: list[tuple[str, Json]] = [(home, start)]
    while waiting:
        at, value = waiting.pop()
        if not isinstance(value, dict):
            continue
        reference = value.get("$ref")
        if isinstance(reference, str):
            found = library.find(at, reference)
            below = [found] if found else []
        else:
            below = [(at, schema) for schema in syntax.in_place(value)]
        for named, schema in below:
            if schema is start:
                return True
            if id(schema) not in seen:
                seen.add(id(schema))
                waiting.append((named, schema))
    return False


def ignored(text: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The keywords of a model that look as if they kept bodies out or let them in, and do nothing."""
    try:
        schema = read(text)
    except JsonInvalid:
        return
    waiting: list[tuple[tuple[str | int, ...], Json]] = [((), schema)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, dict) and "$ref" not in value:
            yield from (((*pointer, keyword), keyword) for keyword in sorted(value.keys() & syntax.IGNORED))
            waiting += [((*pointer, *step), below) for step, below in syntax.subschemas(value)]
