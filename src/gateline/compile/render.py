"""Resources as text: golden files and `gateline compile`. Secrets are never shown."""

from __future__ import annotations

import json
from typing import Literal

import yaml
from google.protobuf.message import Message

from gateline.compile.resources import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    SCOPED_ROUTE,
    SECRET,
    Resources,
)
from gateline.compile.wire import message_class, to_dict

FILES = {
    "secrets": SECRET,
    "clusters": CLUSTER,
    "endpoints": ENDPOINT,
    "scoped_routes": SCOPED_ROUTE,
    "listeners": LISTENER,
}
"""The sections of the rendered form and the xDS type that each shows."""

_REDACTED = "<redacted>"


def rendered(resources: Resources) -> dict[str, list[object]]:
    """Every section with its resources, ordered by name, as Envoy's documentation writes them."""
    return {
        section: [_shown(message) for _, message in sorted(resources.by_type.get(type_url, {}).items())]
        for section, type_url in FILES.items()
    }


def render(resources: Resources, format: Literal["yaml", "json"] = "yaml") -> str:  # noqa: A002
    """The resources as one document."""
    sections = rendered(resources)
    if format == "json":
        return json.dumps(sections, indent=2, ensure_ascii=False) + "\n"
    return dump_yaml(sections)


def dump_yaml(value: object) -> str:
    """Stable YAML: keys sorted, long lines kept, text of many lines as a block."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=10_000, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Shows the script as a block instead of one line of escapes."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - repeated values are written out
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _shown(message: Message) -> object:
    if message.DESCRIPTOR.full_name.endswith(".Secret"):
        message = _redacted(message)
    return _plain(to_dict(message))


def _redacted(secret: Message) -> Message:
    """A copy of an SDS secret without its values; names and kinds stay."""
    shown = message_class(secret.DESCRIPTOR.full_name)()
    shown.CopyFrom(secret)
    for source in _data_sources(shown):
        source.CopyFrom(type(source)(inline_string=_REDACTED))
    return shown


def _data_sources(message: Message) -> list[Message]:
    found = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        children = list(value) if isinstance(value, list) or hasattr(value, "__len__") else [value]
        for child in children:
            if child.DESCRIPTOR.full_name == "envoy.config.core.v3.DataSource":
                found.append(child)
            else:
                found.extend(_data_sources(child))
    return found


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value
