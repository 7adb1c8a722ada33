"""Values of bodies: api-gateway.md section 7."""

from __future__ import annotations

import pytest

from gateline.integrations.body_value import Body, BodyMalformed
from gateline.templates.jsonpath import parse_path

DOCUMENT = b'{"a": {"b": "text"}, "n": 1.50, "t": true, "z": null, "l": [1, {"c": "d"}], "e": ""}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a.b", "text"),
        ("$.a", '{"b":"text"}'),
        ("$.n", "1.50"),
        ("$.t", "true"),
        ("$.z", None),
        ("$.l", '[1,{"c":"d"}]'),
        ("$.l[1].c", "d"),
        ("$.e", ""),
        ("$.missing", None),
        ("$.a.b.c", None),
    ],
)
def test_a_jsonpath_finds_text(path: str, value: str | None) -> None:
    assert Body(DOCUMENT).value(parse_path(path)) == value


@pytest.mark.parametrize(
    ("body", "text"), [(b"plain", "plain"), (b' {"a": 1}\n', '{"a": 1}'), (b"", "{}"), (b"\xff", "\ufffd")]
)
def test_without_a_path_it_is_the_whole_body(body: bytes, text: str) -> None:
    assert Body(body).value(None) == text


@pytest.mark.parametrize("body", [b"{", b"[1,", b'"open', b"'single'", b" {a: 1}"])
def test_what_begins_as_json_and_is_none_is_malformed(body: bytes) -> None:
    for path in (parse_path("$.a"), None):
        with pytest.raises(BodyMalformed):
            Body(body).value(path)


@pytest.mark.parametrize("body", [b"", b"plain", b"a=1&b=2", b"<xml/>", b"123"])
def test_other_bodies_hold_no_values(body: bytes) -> None:
    assert Body(body).value(parse_path("$.a")) is None


def test_a_path_that_visits_too_many_values_is_a_fault_of_the_body() -> None:
    every = "$" + "..*" * 6
    deep = b"[" * 60 + b"]" * 60
    with pytest.raises(BodyMalformed):
        Body(b"[" + b",".join([deep] * 300) + b"]").value(parse_path(every))
