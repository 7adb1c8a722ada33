"""Resources: path templates, and whether they can stand beside each other (api-gateway.md section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.model.rest_api import PathTemplate, Segment, SegmentKind
from gateline.sources.definition import Definition

_STATIC: Final = re.compile(r"[a-zA-Z0-9._:-]+")
_VARIABLE: Final = re.compile(r"\{([a-zA-Z0-9._:-]+)(\+?)\}")
_RULE: Final = (
    "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable "
    "and curly braces at the beginning and the end"
)


def read_path(definition: Definition, written: str, origin: Origin, prefix: str) -> PathTemplate | None:
    """The template of a key of `paths`; None when Amazon would not import it (complained)."""
    if written == "$default":
        message = "the route $default belongs to HTTP APIs (v2), which are not served"
        advice = "a REST API catches the rest with the path /{proxy+}, and / for the root"
        definition.complain(codes.HTTP_API_ONLY, origin, message, advice=advice)
        return None
    if definition.unknown(prefix + written, origin):
        return None
    right = "/" + written.strip("/")
    if right != written:
        message = f"the path '{written}' is read as '{right}'"
        definition.complain(codes.RESOURCE_PATH_NORMALISED, origin, message)
    parts = [part for part in (prefix + right).split("/")[1:] if part or right != "/"]
    segments = tuple(_segment(part) for part in parts)
    fault = _fault(segments, parts)
    if fault:
        definition.complain(codes.RESOURCE_PATH_INVALID, origin, f"the path '{written}': {fault}")
        return None
    known = tuple(segment for segment in segments if segment is not None)
    return PathTemplate("/" + "/".join(parts), known)


def _segment(part: str) -> Segment | None:
    variable = _VARIABLE.fullmatch(part)
    if variable is not None:
        return Segment(SegmentKind.GREEDY if variable[2] else SegmentKind.PARAMETER, variable[1])
    is_plain = _STATIC.fullmatch(part) and part not in {".", ".."}
    return Segment(SegmentKind.STATIC, part) if is_plain else None


def _fault(segments: tuple[Segment | None, ...], parts: list[str]) -> str:
    for segment, part in zip(segments, parts, strict=True):
        if segment is None:
            return f"'{part}': {_RULE}" if part else "a path part is empty"
    if any(segment is not None and segment.kind is SegmentKind.GREEDY for segment in segments[:-1]):
        return "a greedy path variable must be the last part of a path"
    names = [s.text for s in segments if s is not None and s.kind is not SegmentKind.STATIC]
    twice = next((name for name in names if names.count(name) > 1), "")
    return f"the variable '{twice}' stands in it twice" if twice else ""


@dataclass(slots=True)
class ResourceTree:
    """The resources that were accepted, to find those that cannot stand beside them."""

    variables: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # parent path: variable part: whole path
    methods: dict[tuple[str, str], Origin] = field(default_factory=dict)

    def add_path(self, definition: Definition, path: PathTemplate, origin: Origin) -> None:
        """Complain when a path puts a second variable beside another: no request could tell them apart."""
        parent = ""
        for segment, part in zip(path.segments, path.text.split("/")[1:], strict=False):
            if segment.kind is not SegmentKind.STATIC:
                siblings = self.variables.setdefault(parent, {})
                if part not in siblings and siblings:
                    first, whole = next(iter(siblings.items()))
                    definition.complain(
                        codes.RESOURCE_AMBIGUOUS,
                        origin,
                        f"A sibling ({first}) of this resource already has a variable path part -- only one "
                        f"unique variable path part is allowed: '{part}' below '{parent or '/'}'",
                        advice=f"give them the same name; '{first}' comes from {whole}",
                    )
                siblings.setdefault(part, path.text)
            parent = f"{parent}/{part}"

    def add_method(self, definition: Definition, path: PathTemplate, verb: str, origin: Origin) -> bool:
        """Whether this is the first method of that verb on the path; else complain."""
        first = self.methods.setdefault((path.text, verb), origin)
        if first is not origin:
            message = f"{verb} {path.text} is already defined at {first.json_pointer}"
            definition.complain(codes.METHOD_DUPLICATE, origin, message)
        return first is origin
