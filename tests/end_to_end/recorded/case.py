"""A case: a request, what a backend answers, and what the client and the backend get of it.

The files in `cases/` hold an API each and the cases that are asked of it; every case names the section of the
reference (api-gateway.md) whose row it is. Texts of headers that stand between slashes are regular expressions.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "cases"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One of them. What is None is not asked."""

    name: str
    section: str  # of the reference
    send: str  # verb and target
    api: str = ""
    headers: tuple[str, ...] = ()
    body: bytes | None = None
    backend: Json = field(default_factory=dict)  # what it answers: status, headers, body
    status: int = 200
    answer: bytes | None = None
    json: Any = None
    holds: Json = field(default_factory=dict)  # of a JSON answer: a path of keys to the value there
    told: Mapping[str, str | None] = field(default_factory=dict)
    got: Json = field(default_factory=dict)  # the backend: target, verb, headers, body, json; none: nothing


def api_names() -> list[str]:
    """The names of the APIs: one for each file."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def document(api: str) -> Json:
    """A file's content."""
    found: Json = yaml.safe_load((FOLDER / f"{api}.yaml").read_text(encoding="utf-8"))
    return found


def cases() -> list[Case]:
    """All cases of all files."""
    return [_case(api, entry) for api in api_names() for entry in document(api)["cases"]]


def octets(value: Any) -> bytes:
    """Bytes of a file's text, or of the base64 that `{base64: ...}` has."""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else str(value).encode()


def fits(expected: str, value: str) -> bool:
    """Whether a header's value is the expected text, or matches the expression between slashes."""
    if len(expected) > 1 and expected[0] == expected[-1] == "/":
        return re.fullmatch(expected[1:-1], value) is not None
    return value == expected


def _case(api: str, entry: Json) -> Case:
    values = dict(entry)
    for name in ("body", "answer"):
        if values.get(name) is not None:
            values[name] = octets(values[name])
    return Case(
        api=api, **values | {"headers": tuple(values.get("headers", ())), "section": str(entry["section"])}
    )
