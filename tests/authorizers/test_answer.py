"""An authorizer's answer is a good one or none at all (api-gateway.md section 10.2, attacks.md E9)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizers.policies import allow, document
from gateline.authorizers.answer import Grant, read_answer
from gateline.authorizers.element import AnswerInvalid, is_printable


def answer(**elements: Any) -> dict[str, Any]:
    """A good answer with these elements on top."""
    return {"principalId": "user-7", "policyDocument": document(allow("*")), **elements}


def read(**elements: Any) -> Grant:
    """Read a good answer with these elements on top."""
    return read_answer(json.dumps(answer(**elements)).encode())


def reason(payload: bytes) -> str:
    """Why an answer is invalid."""
    with pytest.raises(AnswerInvalid) as raised:
        read_answer(payload)
    return raised.value.reason


def test_an_answer_is_read() -> None:
    grant = read(context={"team": "blue"}, usageIdentifierKey="key-1")
    assert grant.principal == "user-7"
    assert grant.policy.grants
    assert grant.context == (("team", "blue"),)
    assert grant.usage_identifier_key == "key-1"


@pytest.mark.parametrize("optional", ["context", "usageIdentifierKey"])
def test_optional_elements_may_be_null(optional: str) -> None:
    assert read(**{optional: None}) == read()


def test_elements_that_amazon_does_not_know_are_ignored() -> None:
    assert read(isAuthorized="false", extra={"a": [1]}) == read()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"a"', "a"),
        ('""', ""),
        ("1", "1"),
        ("-0", "0"),
        ("1.0", "1.0"),
        ("1.50", "1.5"),
        ("1e3", "1000.0"),
        ("12345678901234567890", "12345678901234567890"),
        ("true", "true"),
        ("false", "false"),
        (r'"\u00e9\t"', "é\t"),
    ],
)
def test_context_values_become_texts(written: str, text: str) -> None:
    payload = json.dumps(answer(context={"k": "VALUE"})).replace('"VALUE"', written)
    assert read_answer(payload.encode()).context == (("k", text),)


@pytest.mark.parametrize("value", [None, [], {}, ["a"], {"a": "b"}])
def test_context_values_are_single(value: object) -> None:
    said = reason(json.dumps(answer(context={"k": value})).encode())
    assert said.startswith("context.'k': expected text, a number or a boolean, found")


@pytest.mark.parametrize("context", [[], "a", 1, True])
def test_the_context_is_an_object(context: object) -> None:
    assert reason(json.dumps(answer(context=context)).encode()).startswith("context: expected an object")


@pytest.mark.parametrize("control", ["\r\nx-admin: 1", "\n", "\0", "\x1f", "\x7f", "\x85"])
def test_control_characters_are_refused_everywhere(control: str) -> None:
    for elements in (
        {"principalId": control},
        {"context": {"k": control}},
        {"context": {control: "v"}},
        {"usageIdentifierKey": control},
    ):
        said = reason(json.dumps(answer(**elements)).encode())
        assert said.endswith(": a control character")
        assert control not in said


@pytest.mark.parametrize("principal", [None, 7, True, [], {}, "\ud83d"])
def test_the_principal_is_text(principal: object) -> None:
    assert reason(json.dumps(answer(principalId=principal)).encode()).startswith("principalId: ")


@pytest.mark.parametrize("name", ["principalId", "policyDocument"])
def test_principal_and_policy_are_required(name: str) -> None:
    elements = answer()
    del elements[name]
    assert reason(json.dumps(elements).encode()) == f"the answer: expected {name}"


@pytest.mark.parametrize("document", [None, "{}", [], {}, {"Statement": []}])
def test_a_malformed_policy_makes_the_answer_invalid(document: object) -> None:
    assert reason(json.dumps(answer(policyDocument=document)).encode()).startswith("policyDocument")


@pytest.mark.parametrize("key", [1, False, {}, []])
def test_a_malformed_usage_identifier_is_refused(key: object) -> None:
    assert reason(json.dumps(answer(usageIdentifierKey=key)).encode()).startswith(
        "usageIdentifierKey: expected"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"true",
        b'"Allow"',
        b"[]",
        b"{",
        b"{}x",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_json_object_is_refused(payload: bytes) -> None:
    assert reason(payload).startswith("the answer")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    payload = json.dumps(answer(context={"k": "VALUE"})).replace('"VALUE"', number)
    assert "number" in reason(payload.encode())


@pytest.mark.parametrize("name", ["principalId", "Effect", "Statement"])
def test_a_key_that_is_there_twice_is_refused(name: str) -> None:
    payload = json.dumps(answer()).replace(f'"{name}":', f'"{name}": "x", "{name}":', 1)
    assert reason(payload.encode()) == "the answer: an object has the same key twice"


def test_a_context_of_200_kilobytes_is_refused() -> None:
    assert "more than 65536 bytes" in reason(json.dumps(answer(context={"k": "a" * 200_000})).encode())


def test_principal_and_context_have_a_bound_in_bytes() -> None:
    assert read(principalId="é" * 2048, context={"kk": "é" * 2047}).principal == "é" * 2048
    said = reason(json.dumps(answer(principalId="é" * 2048, context={"kk": "é" * 2047 + "a"})).encode())
    assert said == "principalId, context and usageIdentifierKey have more than 8192 bytes"


def test_a_complaint_repeats_no_value_of_the_context() -> None:
    assert "hush" not in reason(json.dumps(answer(context={"k": ["hush"]})).encode())
    assert "hush" not in reason(json.dumps(answer(principalId={"hush": 1})).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), value=JSON)
def test_whatever_stands_in_an_element_the_answer_is_read_or_invalid(
    data: st.DataObject, value: object
) -> None:
    elements = answer(context={})
    statement = elements["policyDocument"]["Statement"][0]
    statement["Condition"] = {"StringEquals": {"aws:UserAgent": "a"}}
    holders = [elements, elements["policyDocument"], statement, statement["Condition"], elements["context"]]
    holder = data.draw(st.sampled_from(holders))
    holder[data.draw(st.sampled_from(sorted(holder)) if holder else st.text(max_size=5))] = value
    payload = json.dumps(elements).encode()
    try:
        told = read_answer(payload).principal
    except AnswerInvalid as invalid:
        told = invalid.reason
    assert is_printable(told)


@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=60))
def test_no_bytes_break_the_reader(payload: bytes) -> None:
    with pytest.raises(AnswerInvalid):
        read_answer(payload)
