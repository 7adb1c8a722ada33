"""Messages by their full names; more in tests/proofs/test_private_pool.py."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.compile.wire import extension, message_class, new, packed, struct, to_dict


def test_nested_messages_enums_and_durations_are_given_plainly() -> None:
    cluster = new(
        "envoy.config.cluster.v3.Cluster",
        name="c",
        type="EDS",
        connect_timeout=timedelta(milliseconds=1500),
        circuit_breakers={"thresholds": [{"max_requests": {"value": 7}}]},
    )
    assert to_dict(cluster) == {
        "name": "c",
        "type": "EDS",
        "connect_timeout": "1.500s",
        "circuit_breakers": {"thresholds": [{"max_requests": 7}]},
    }


def test_an_unknown_field_is_an_error_at_any_depth() -> None:
    with pytest.raises(ValueError, match="nothing_like_it"):
        new("envoy.config.route.v3.Route", match={"nothing_like_it": "/"})


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(KeyError):
        message_class("envoy.config.route.v3.NoSuchThing")


def test_a_packed_message_reads_back() -> None:
    route = new("envoy.config.route.v3.Route", name="r", match={"prefix": "/"})
    wrapped = packed(route)
    assert to_dict(wrapped)["@type"] == "type.googleapis.com/envoy.config.route.v3.Route"
    assert to_dict(wrapped)["name"] == "r"


def test_equal_messages_are_packed_into_equal_bytes() -> None:
    fields = {f"k{number}": "v" for number in range(50)}
    backwards = dict(reversed(fields.items()))
    assert packed(struct(fields)) == packed(struct(backwards))


def test_an_extension_has_a_name_and_a_typed_config() -> None:
    made = extension("x", "google.protobuf.Struct")
    assert made["name"] == "x"
    assert set(made) == {"name", "typed_config"}
