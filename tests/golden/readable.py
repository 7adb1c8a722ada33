"""Golden files are read by people: tables decoded, the script left out, what all cases share shown once.

The scripts would fill each `listeners.yaml` with a thousand lines, so their places are named instead, and only
when it is the script itself. Cases repeat the listener and the clusters' protocol options, 400 lines of them; so
only the case REFERENCE shows them whole, and others show what differs from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from gateline import dataplane
from gateline.compile.render import rendered
from gateline.compile.resources import Resources
from gateline.model.gateway import Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import Segment

REFERENCE: Final = "http-proxy-static"
_AS_THERE: Final = f"(as in {REFERENCE})"
_LONG: Final = 6
"""Lines from which on a part that equals the reference's is worth leaving out."""


class Inline(list[Any]):
    """A list on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - repeated values are written out
        return True


def _inline(dumper: yaml.SafeDumper, value: Inline) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(Inline, _inline)


def dump(value: object) -> str:
    """Stable YAML."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=10_000, allow_unicode=True)


def netstrings(text: str) -> list[str] | None:
    """The texts of a table, or None when it is no list of netstrings."""
    data, found, at = text.encode(), [], 0
    while at < len(data):
        colon = data.find(b":", at)
        digits = data[at:colon] if colon > at else b""
        if not digits.isdigit() or str(int(digits)).encode() != digits:
            return None
        at = colon + 1 + int(digits)
        if at > len(data):
            return None
        found.append(data[colon + 1 : at].decode())
    return found


def resources(compiled: Resources) -> dict[str, list[Any]]:
    """Every section of the compiled resources, readable."""
    return {section: [_readable(item) for item in items] for section, items in rendered(compiled).items()}


def abridged(value: Any, reference: Any) -> Any:
    """The value without its long parts that equal the reference's."""
    if value == reference and dump(value).count("\n") >= _LONG:
        return _AS_THERE
    if isinstance(value, dict) and isinstance(reference, dict):
        return {key: abridged(child, reference.get(key)) for key, child in value.items()}
    is_alike = isinstance(value, list) and isinstance(reference, list) and len(value) == len(reference)
    if is_alike and not isinstance(value, Inline):
        return [abridged(child, other) for child, other in zip(value, reference, strict=True)]
    return value


def model(gateway: Gateway) -> object:
    """The typed model without origins (diagnostics show those) and without what stands at its default."""
    return _plain(gateway)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Segment):
        return f"{value.kind} {value.text}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not _is_default(field, getattr(value, field.name)) and field.name != "origin"
        }
        names_itself = type(value).__name__.endswith(("Source", "Ref", "SelfSigned"))
        return {type(value).__name__: shown} if names_itself else shown
    if isinstance(value, tuple):
        parts = [_plain(child) for child in value]
        return Inline(parts) if all(isinstance(part, str | int) for part in parts) else parts
    if isinstance(value, str):
        return value.removeprefix(f"{Path.cwd()}/")  # a case runs in its own folder, wherever that lies
    return value if isinstance(value, int | None) else str(value)


def _is_default(field: dataclasses.Field[Any], value: object) -> bool:
    return isinstance(value, Origin) or (field.default is not dataclasses.MISSING and field.default == value)


def _readable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _table(child) if key == "table" and isinstance(child, str) else _readable(child)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [_readable(child) for child in value]
    return _scripts().get(value, value)


@cache
def _scripts() -> dict[str, str]:
    """The places of Envoy's scripts, by their text."""
    return {
        dataplane.script(): "(dataplane/gateway.lua)",
        dataplane.balancer_script(): "(dataplane/balancer.lua)",
        dataplane.redirect_script(): "(dataplane/redirect.lua)",
    }


def _table(text: str) -> list[Any]:
    """A table's texts; one that is a table itself on one line."""
    texts = netstrings(text)
    assert texts is not None, "a table that is no list of netstrings"
    shown: list[Any] = []
    for part in texts:
        nested = netstrings(part)
        shown.append(Inline(nested) if nested and len(nested) > 2 else part)
    return Inline(shown) if shown == texts else shown
