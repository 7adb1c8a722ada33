"""From a tree to the project file's models, with every complaint at its place and in our own words.

A part that is wrong is left out and the rest is validated again, so that one mistake hides no other one:
neither in the project file nor in the definitions that it names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gateline.model import codes
from gateline.model.diagnostic import Code, Complaints
from gateline.sources.environment import EnvironmentText
from gateline.sources.project import ProjectFile
from gateline.sources.project_part import Part
from gateline.sources.tree import Node, Pointer, dotted, plain, without

_KEY_MARK: Final = "[key]"  # pydantic's last element of the place of a map's key

_WANTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a map of keys",
    "model_type": "a map of keys",
}

_UNSUPPORTED: Final[Mapping[str, Code]] = {
    "not_supported_yet": codes.KEY_NOT_SUPPORTED_YET,
    "deployment_not_supported": codes.DEPLOYMENT_UNSUPPORTED,
}

_HOW_SECRETS_ARE_READ: Final = (
    "write {env: NAME}, {file: PATH} or {generate: true}; the value itself never stands in the project file"
)

_HOW_KEYS_ARE_READ: Final = (
    "write {env: NAME} or {file: PATH}; the value itself never stands in the project file"
)


@dataclass(frozen=True, slots=True)
class Validated:
    """What can be used of a project file, and the pointers that had to be left out of it."""

    project: ProjectFile | None
    left_out: frozenset[Pointer]

    def lacks(self, *pointer: str | int) -> bool:
        """Whether the value at the pointer, or one below it, was left out."""
        return any(gone[: len(pointer)] == pointer for gone in self.left_out)


@dataclass(frozen=True, slots=True)
class Words:
    """What to say about a mistake."""

    code: Code
    message: str
    advice: str = ""


def validate(tree: Node, broken: frozenset[Pointer], complaints: Complaints) -> Validated:
    """The tree as a ProjectFile. `broken` are values already complained about: they count as absent."""
    gone = set(broken)
    while True:
        try:
            return Validated(ProjectFile.model_validate(plain(without(tree, gone))), frozenset(gone))
        except ValidationError as error:
            before = len(gone)
            for detail in error.errors(include_url=False, include_input=False):
                gone |= _judge(tree, detail, frozenset(gone), complaints)
            if len(gone) == before or () in gone:
                return Validated(None, frozenset(gone))


def _judge(
    tree: Node, detail: ErrorDetails, gone: frozenset[Pointer], complaints: Complaints
) -> set[Pointer]:
    """Complain about one error, unless it follows from what was left out; returns what to leave out."""
    place = tuple(detail["loc"])
    is_key = place[-1:] == (_KEY_MARK,)
    # A map without its required key is of no use, so the map goes.
    pointer = tree.reach(place[:-1] if is_key or detail["type"] == "missing" else place)
    follows = any(left[: len(place)] == place for left in gone)
    if not follows:
        words = _words(tree, detail, place)
        complaints.add(words.code, tree.at(pointer).origin, words.message, help=words.advice)
    return {pointer}


def _words(tree: Node, detail: ErrorDetails, place: Pointer) -> Words:
    """The words for an error that pydantic found: its own kinds, and those of the project file's models."""
    kind: str = detail["type"]
    context = detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            words = _unknown_key(place)
        case "missing":
            within = dotted(place[:-1]) or "the project file"
            words = Words(codes.KEY_MISSING, f"{within} has no '{place[-1]}'", _description(place))
        case "too_short":
            words = Words(codes.KEY_MISSING, f"{dotted(place)} is empty", _description(place))
        case "string_too_long" | "too_long":
            words = _too_much(tree, place, kind, context["max_length"])
        case "not_allowed" if place[-1] == _KEY_MARK:
            words = _bad_name(str(place[-2]), dotted(place[:-2]), context)
        case "not_allowed":
            words = _not_allowed(tree, place, context["says"])
        case "literal_error":
            words = _not_allowed(tree, place, context["expected"].replace("'", ""))
        case "greater_than_equal" | "less_than_equal":
            words = _not_allowed(tree, place, _range(place))
        case "keys_do_not_fit":
            words = Words(codes.KEYS_DO_NOT_FIT, f"{dotted(place)}: {detail['msg']}")
        case "nobody_comes_in":
            words = Words(
                codes.KEY_MISSING, detail["msg"], "The REST APIs by name; load_balancers do without any."
            )
        case "not_supported_yet" | "deployment_not_supported":
            words = Words(_UNSUPPORTED[kind], detail["msg"], context["advice"])
        case "reference_for_name":
            words = Words(codes.ENVIRONMENT_REFERENCE_MALFORMED, f"{dotted(place)}: {detail['msg']}")
        case _:
            words = _wrong_type(tree, place, _WANTED.get(kind, "something else"))
    return words


def _too_much(tree: Node, place: Pointer, kind: str, most: int) -> Words:
    if kind == "string_too_long":
        return _not_allowed(tree, place, f"text of {most} characters at most")
    return Words(codes.VALUE_NOT_ALLOWED, f"{dotted(place)} has more than {most} entries")


def _unknown_key(place: Pointer) -> Words:
    key = str(place[-1])
    within = dotted(place[:-1]) or "the project file"
    part = part_at(place[:-1]) or ProjectFile
    if key in part.LATER:
        return Words(
            codes.KEY_NOT_SUPPORTED_YET,
            f"'{key}' in {within} is not supported yet in this version",
            "leave it out; this version can only run the project without it",
        )
    close = difflib.get_close_matches(_snake_case(key), sorted({*part.model_fields, *part.LATER}), n=1)
    known = ", ".join(sorted(part.model_fields))
    return Words(
        codes.UNKNOWN_KEY,
        f"unknown key '{key}' in {within}",
        f"did you mean '{close[0]}'?" if close else f"known keys are {known}",
    )


def _bad_name(name: str, within: str, rule: Mapping[str, str]) -> Words:
    fitting = (re.sub(r"[^a-z0-9]+", joint, name.lower()).strip(joint) for joint in "-_")
    fit = next((text for text in fitting if re.fullmatch(rule["pattern"], text)), "")
    message = f"'{name}' cannot be a name in {within}: it must be {rule['says']}"
    return Words(codes.NAME_NOT_ALLOWED, message, f"'{fit}' would do" if fit else "")


def _not_allowed(tree: Node, place: Pointer, says: str) -> Words:
    message = f"{dotted(place)} must be {says}; it is {_shown(tree, place)}"
    return Words(codes.VALUE_NOT_ALLOWED, message)


def _wrong_type(tree: Node, place: Pointer, wanted: str) -> Words:
    value = tree.at(place).value
    found = _kind(value)
    advice = ""
    if place[0] == "secrets" and len(place) == 2:
        advice = _HOW_SECRETS_ARE_READ
    elif place[0] == "usage_plans" and place[-1] == "value":
        advice = _HOW_KEYS_ARE_READ
    elif wanted == "text" and found in {"a number", "true or false"}:
        advice = "write it in quotes"
    elif _is_quoted(value, wanted):
        advice = "write it without quotes"
    elif wanted == "a list":
        advice = "write it in brackets, or one '- ' line each"
    return Words(codes.WRONG_TYPE, f"{dotted(place)} must be {wanted}, not {found}", advice)


def _is_quoted(value: object, wanted: str) -> bool:
    """Whether a text would be what is wanted if it stood without its quotes."""
    pattern = {"a whole number": r"[+-]?[0-9]+", "true or false": r"(?i)true|false"}.get(wanted)
    if pattern is None or not isinstance(value, str) or isinstance(value, EnvironmentText):
        return False
    return re.fullmatch(pattern, value) is not None


def _kind(value: object) -> str:
    """What a value is, for people. What an environment variable holds is never repeated."""
    if isinstance(value, EnvironmentText):
        return f"what {value.written} holds"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a map of keys"
    return "a list" if isinstance(value, tuple) else "nothing"


def _shown(tree: Node, place: Pointer) -> str:
    """The value for a message: never one of the environment, never one that stands under `secrets`."""
    value = tree.at(place).value
    if (
        isinstance(value, EnvironmentText)
        or place[0] == "secrets"
        or (place[0] == "usage_plans" and "value" in place)
        or not isinstance(value, str | int | float)
    ):
        return _kind(value) if isinstance(value, EnvironmentText) else "something else"
    text = str(value)
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"'{shown}'" if isinstance(value, str) else shown


def _range(place: Pointer) -> str:
    """The limits of a whole number, from its field's own metadata."""
    part = part_at(place[:-1])
    metadata = _metadata(part.model_fields[str(place[-1])]) if part is not None else ()
    low = next((m.ge for m in metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in metadata if hasattr(m, "le")), None)
    return f"a whole number from {low} to {high}"


def _metadata(field: FieldInfo) -> tuple[Any, ...]:
    """What a field's type is annotated with; in `TaskCount | None` that stands with the first of the two."""
    own = tuple(field.metadata)
    for choice in get_args(field.annotation):
        for each in getattr(choice, "__metadata__", ()):
            own += tuple(each.metadata) if isinstance(each, FieldInfo) else (each,)
    return own


def _description(place: Pointer) -> str:
    part = part_at(place[:-1])
    field = part.model_fields.get(str(place[-1])) if part is not None else None
    return f"{place[-1]}: {field.description}" if field is not None and field.description else ""


def _snake_case(key: str) -> str:
    """`stageVariables`, `Account-Id`: what the key would be in this file's spelling."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").lower()


def part_at(pointer: Pointer) -> type[Part] | None:
    """The model that describes the map at a pointer, or None where there is none."""
    part: type[Part] = ProjectFile
    in_map = False
    for key in pointer:
        if in_map:
            in_map = False
            continue
        field = part.model_fields.get(str(key))
        found = _part_of(field.annotation) if field is not None else None
        if found is None:
            return None
        part, in_map = found
    return None if in_map else part


def _part_of(annotation: object) -> tuple[type[Part], bool] | None:
    """The model inside an annotation, and whether it is a map's value."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation, False
    is_map = get_origin(annotation) in {dict, tuple}
    for argument in get_args(annotation):
        found = _part_of(argument)
        if found is not None:
            return found[0], is_map or found[1]
    return None
