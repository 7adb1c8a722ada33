"""Nearly JSON, as mocks' templates have it: api-gateway.md section 19."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.templates.lenient_json import LenientInvalid, read_leniently

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"statusCode": 200}', {"statusCode": 200}),
        ("{statusCode: 200}", {"statusCode": 200}),
        ("{'statusCode': 200}", {"statusCode": 200}),
        ('{"statusCode": 200,}', {"statusCode": 200}),
        ("\n{ statusCode : 200 , }\n", {"statusCode": 200}),
        ('{"statusCode": 200, "message": "it\'s, so"}', {"statusCode": 200, "message": "it's, so"}),
        ("{'a': 'say \"so\"', 'b': 'it\\'s'}", {"a": 'say "so"', "b": "it's"}),
        ('{"a": [1, 2, ], b: {c: null}}', {"a": [1, 2], "b": {"c": None}}),
        ('{"a": "x,}"}', {"a": "x,}"}),
        ('{"a": -1.5e3}', {"a": -1500.0}),
        ("{a: true, b: word}", {"a": True, "b": "word"}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": -Infinity}', {"a": "-Infinity"}),
        ("{a: 200,su{ f}oo: [ba r]}", {"a": 200, "su{ f}oo": ["ba r"]}),
        ("{a: 200, foo'}: [b, c d]}", {"a": 200, "foo'}": ["b", "c d"]}),
        ("{a: 200, }foo: [ba r]}", {"a": 200}),
        ('{"a": 200 ,, }', {"a": 200}),
        ("{'a': 200, '': '', null: null}", {"a": 200, "": "", "null": None}),
        ("{a: 200 times, b: 0200, c: 2.}", {"a": "200 times", "b": 200, "c": 2.0}),
        ("{a: '\\u00e4\\t\\''}", {"a": "\u00e4\t'"}),
    ],
)
def test_what_is_nearly_json_is_read(text: str, value: object) -> None:
    assert read_leniently(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{statusCode 200}",
        "['",
        "[" * 100_000,
        '{"a": 200',
        "{\"a': 200}",
        "{'a\": 200}",
        "{'a: 200}",
        "{a: 200, {b: [c]}",
        "{a: }",
        '{"a": "1" "b": 2}',
        "{[a]: 1}",
    ],
)
def test_what_is_not_is_refused(text: str) -> None:
    with pytest.raises(LenientInvalid):
        read_leniently(text)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_text_that_never_ends_costs_no_more_than_its_length(quote: str) -> None:
    """Each escaped quote was tried as a beginning: this took days, and stood in the way of everybody."""
    with pytest.raises(LenientInvalid):
        read_leniently(quote + f"\\{quote}" * 1_000_000)


@given(VALUES)
def test_all_json_is_read_as_it_is(value: object) -> None:
    assert read_leniently(json.dumps(value)) == value
