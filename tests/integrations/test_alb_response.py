"""What a balancer takes of a function's answer; the table is tested end to end, with real functions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.compile.rule_action import page as compiled_page
from gateline.integrations.alb_response import LARGEST_BODY, page, read_alb_response
from gateline.integrations.proxy_response import MalformedProxyResponse


@pytest.mark.parametrize("status", [400, 502])
def test_pages_are_those_of_the_balancer_itself(status: int) -> None:
    made = page(status)
    assert (made.status, made.body.decode()) == (status, compiled_page(status))
    assert ("server", "awselb/2.0") in made.headers


def test_the_largest_answer_is_read_and_a_byte_more_is_not() -> None:
    padding = LARGEST_BODY - len(json.dumps({"statusCode": 200, "body": ""}))
    payload = json.dumps({"statusCode": 200, "body": "x" * padding}).encode()
    assert len(read_alb_response(payload, multi_value_headers=False).body) == padding
    with pytest.raises(MalformedProxyResponse, match="longer than"):
        read_alb_response(payload + b" ", multi_value_headers=False)


def test_half_a_surrogate_pair_is_replaced() -> None:
    payload = b'{"statusCode": 200, "body": "\\ud800", "headers": {"x-a": "\\ud800"}}'
    made = read_alb_response(payload, multi_value_headers=False)
    assert made.body == b"?"
    assert ("x-a", "?") in made.headers


KEYS = st.sampled_from(["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "x"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(KEYS, below),
    )
)
def test_whatever_is_answered_it_is_read_or_refused(value: object) -> None:
    for multi in (False, True):
        try:
            made = read_alb_response(json.dumps(value).encode(), multi_value_headers=multi)
        except MalformedProxyResponse:
            continue
        assert 200 <= made.status <= 599


def test_no_words_of_an_answer_stand_in_a_refusal() -> None:
    with pytest.raises(MalformedProxyResponse) as caught:
        read_alb_response(b'{"statusCode": "private"}', multi_value_headers=False)
    assert "private" not in str(caught.value)
