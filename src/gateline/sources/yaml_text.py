"""YAML texts: libyaml's events, made into JSON values by the rules of YAML 1.2 and of definitions.

PyYAML's own constructor follows YAML 1.1, where `2012-10-17` is a date, `on` a boolean and `012` ten; it is
also ten times slower than the events are, and libyaml's composer recurses without a bound. So values are made
here: only `true` and `false` are booleans, dates stay text, keys are text as written (`200:`), short tags of
CloudFormation become their long forms, and depth and aliases are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import yaml

from gateline.model import codes
from gateline.model.diagnostic import Code
from gateline.model.origin import Position
from gateline.sources.json_value import MAX_DEPTH, Fault, JsonValue, Parsed, template_hint, twice

MAX_ALIASED_VALUES: Final = 100_000
"""Values that aliases may repeat, all together: real files repeat a few hundred, bombs repeat billions."""

CLOUDFORMATION_TAGS: Final = {"!Ref": "Ref", "!Condition": "Condition"} | {
    f"!{name}": f"Fn::{name}"
    for name in (
        "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "GetAtt", "If", "ImportValue", "Join",
        "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform",
    )
}  # fmt: skip

_Event = Any  # PyYAML's C classes have stubs that its pure ones do not fit
_Mark = Any
_Pointer = tuple[str | int, ...]
_Place = tuple[int, int]
_STANDARD: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")  # 012 is an account id, not ten
_BASED: Final = re.compile(r"0x[0-9a-fA-F]{1,16}|0o[0-7]{1,20}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: Final[dict[str, JsonValue]] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


def parse(text: str) -> Parsed:
    """Read a YAML text of one document."""
    composer = _Composer(text)
    value = composer.document()
    return Parsed(value, tuple(composer.faults))


def locate(text: str, pointer: _Pointer) -> Position:
    """Where the value at a pointer stands (a container: its key), or the nearest one above."""
    places = _places(text)
    for length in range(len(pointer), -1, -1):
        found = places.get(tuple(str(key) for key in pointer[:length]))
        if found is not None:
            return Position(found[0] + 1, found[1] + 1)
    return Position(1, 1)


@lru_cache(maxsize=4)
def _places(text: str) -> dict[tuple[str, ...], _Place]:
    """The places of all values; made once for a text that somebody asks about."""
    composer = _Composer(text, places={})
    composer.document()
    return composer.places or {}


class _UnreadableError(Exception):
    """The text cannot be read further than this."""

    def __init__(self, code: Code, mark: _Mark, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(
            code=code,
            position=Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1),
            message=message,
        )


@dataclass(slots=True)
class _Composer:
    """Builds the value of one text from its events."""

    text: str
    places: dict[tuple[str, ...], _Place] | None = None
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, JsonValue] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    aliased: int = 0
    depth: int = 0
    path: list[str] = field(default_factory=list)
    events: Any = None

    def document(self) -> JsonValue:
        """The document's value; None, with a fault, when there is none to read."""
        loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self.events = loader_class(self.text)
            return self._document()
        except _UnreadableError as refusal:
            self.faults.append(replace(refusal.fault, help=template_hint(self.text)))
        except yaml.MarkedYAMLError as error:
            self.faults.append(_syntax_fault(self.text, error))
        except yaml.reader.ReaderError as error:
            message = f"expected text, found the control character U+{_code_point(error.character):04X}"
            found = self.text.find(chr(_code_point(error.character)))
            before = self.text[: max(found, 0)]
            at = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
            self.faults.append(Fault(code=codes.NOT_YAML_OR_JSON, position=at, message=message))
        except (yaml.YAMLError, ValueError) as error:
            self.faults.append(
                Fault(code=codes.NOT_YAML_OR_JSON, position=Position(1, 1), message=f"expected YAML: {error}")
            )
        return None

    def _document(self) -> JsonValue:
        get = self.events.get_event
        get()  # the start of the stream
        if isinstance(get(), yaml.StreamEndEvent):
            return None
        value = self._value(get())
        get()  # the end of the document
        following = get()
        if not isinstance(following, yaml.StreamEndEvent):
            raise _UnreadableError(
                codes.NOT_YAML_OR_JSON,
                following.start_mark,
                "expected the end of the file, found another document",
            )
        return value

    def _value(self, event: _Event) -> JsonValue:
        if self.places is not None and tuple(self.path) not in self.places:
            self.places[tuple(self.path)] = (event.start_mark.line, event.start_mark.column)
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._aliased(event)
        long_form = CLOUDFORMATION_TAGS.get(event.tag) if event.tag else None
        if long_form is not None:
            self.path.append(long_form)
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        if kind is yaml.ScalarEvent:
            value = self._scalar(event)
        else:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _UnreadableError(codes.BEYOND_BOUNDS, event.start_mark, "the values nest too deeply")
            self._check_tag(event, "map" if kind is yaml.MappingStartEvent else "seq")
            value = self._mapping() if kind is yaml.MappingStartEvent else self._sequence()
            self.depth -= 1
        if long_form is not None:
            self.path.pop()
            value = {long_form: value}
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = value
        return value

    def _sequence(self) -> list[JsonValue]:
        values: list[JsonValue] = []
        get = self.events.get_event
        while type(event := get()) is not yaml.SequenceEndEvent:
            self.path.append(str(len(values)))
            values.append(self._value(event))
            self.path.pop()
        return values

    def _mapping(self) -> dict[str, JsonValue]:
        values: dict[str, JsonValue] = {}
        first: dict[str, _Mark] = {}
        merged: list[JsonValue] = []
        get = self.events.get_event
        while type(event := get()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise _UnreadableError(
                    codes.NOT_YAML_OR_JSON, event.start_mark, "expected a key of plain text"
                )
            key: str = event.value
            following = get()
            if key == "<<" and event.implicit[0]:
                merged += self._merged(following)
                continue
            if key in first:
                self._note_repeated(key, first[key], event.start_mark)
            first[key] = event.start_mark
            if event.anchor is not None:
                self.anchors[event.anchor] = key
            self.path.append(key)
            if self.places is not None:
                mark: _Mark = event.start_mark if hasattr(following, "flow_style") else following.start_mark
                self.places[tuple(self.path)] = (mark.line, mark.column)
            values[key] = self._value(following)
            self.path.pop()
        for mapping in merged:
            if isinstance(mapping, dict):
                values = {**mapping, **values}
        return values

    def _merged(self, event: _Event) -> list[JsonValue]:
        """What `<<` brings in, the weakest last; a mapping's own keys win over all of it."""
        self.path.append("<<")
        value = self._value(event)
        self.path.pop()
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, dict) for entry in entries):
            raise _UnreadableError(
                codes.NOT_YAML_OR_JSON, event.start_mark, "expected a mapping, or a list of them, after '<<'"
            )
        return list(entries)

    def _note_repeated(self, key: str, first: _Mark, second: _Mark) -> None:
        message = twice(key, Position(first.line + 1, first.column + 1))
        at = Position(second.line + 1, second.column + 1)
        self.faults.append(Fault(code=codes.DUPLICATE_KEY, position=at, message=message))

    def _scalar(self, event: _Event) -> JsonValue:
        text: str = event.value
        tag: str | None = event.tag
        if tag in CLOUDFORMATION_TAGS or tag == "!" or (tag is None and not event.implicit[0]):
            return text
        if tag is not None:
            if not self._check_tag(event, "str", "int", "float", "bool", "null"):
                return text
            if tag == f"{_STANDARD}str":
                return text
        return _plain(text)

    def _check_tag(self, event: _Event, *kinds: str) -> bool:
        tag: str | None = event.tag
        if tag is None or tag == "!" or tag in CLOUDFORMATION_TAGS:
            return True
        if tag.startswith(_STANDARD) and tag.removeprefix(_STANDARD) in kinds:
            return True
        at = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        shown = tag.replace(_STANDARD, "!!")
        self.faults.append(
            Fault(
                code=codes.UNKNOWN_TAG,
                position=at,
                message=f"the tag '{shown}' is not understood here",
                help="known are the short forms of CloudFormation's functions, such as !Sub and !Ref",
            )
        )
        return False

    def _aliased(self, event: _Event) -> JsonValue:
        name: str = event.anchor
        if name in self.open_anchors:
            raise _UnreadableError(
                codes.BEYOND_BOUNDS, event.start_mark, f"the alias '*{name}' contains itself"
            )
        if name not in self.anchors:
            raise _UnreadableError(
                codes.NOT_YAML_OR_JSON, event.start_mark, f"expected the anchor '&{name}' before its alias"
            )
        return self._copied(self.anchors[name], event.start_mark, self.depth)

    def _copied(self, value: JsonValue, mark: _Mark, depth: int) -> JsonValue:
        """A copy of its own for every alias: what is read stays a tree, of a size that is counted."""
        self.aliased += 1
        if self.aliased > MAX_ALIASED_VALUES or depth > MAX_DEPTH:
            raise _UnreadableError(codes.BEYOND_BOUNDS, mark, "aliases repeat too many values")
        if isinstance(value, dict):
            return {key: self._copied(below, mark, depth + 1) for key, below in value.items()}
        if isinstance(value, list):
            return [self._copied(below, mark, depth + 1) for below in value]
        return value


def _plain(text: str) -> JsonValue:
    """A plain scalar by YAML 1.2's core schema, but for infinities and digits with a leading zero: text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and not (text.isdigit() and text[0] == "0") and len(text) < 40:
        return float(text) if any(c in text for c in ".eE") else text
    return text


def _code_point(character: object) -> int:
    """PyYAML gives the code point, or the byte, depending on which of its readers found it."""
    if isinstance(character, int):
        return character
    return ord(character[:1]) if isinstance(character, (str, bytes)) and character else 0


def _syntax_fault(text: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
    problem = (error.problem or "expected YAML").replace("did not find expected", "expected")
    context = error.context_mark
    begun = f" ({error.context} from line {context.line + 1})" if error.context and context else ""
    message = problem + begun
    return Fault(code=codes.NOT_YAML_OR_JSON, position=position, message=message, help=template_hint(text))
