"""What end-to-end tests of functions behind balancers cannot send through Envoy."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateline.dataplane import keys
from gateline.integrations.alb_event import alb_event, health_event
from gateline.model.hosting import HostedTarget

SINGLE = HostedTarget(group="orders", arn="arn:group", function="f", function_arn="arn:f")
MULTI = HostedTarget(
    group="orders", arn="arn:group", function="f", function_arn="arn:f", multi_value_headers=True
)


def event(target: HostedTarget = SINGLE, **given_values: Any) -> dict[str, Any]:
    request: dict[str, Any] = {"verb": "GET", "path": "/", "query": b"", "headers": (), "body": b""}
    made: dict[str, Any] = json.loads(alb_event(target, **(request | given_values)))
    return made


def test_what_envoy_and_gateline_say_to_each_other_is_not_told() -> None:
    headers = (
        (b"X-Gl-Target", b"orders"),
        (b"x-envoy-attempt-count", b"1"),
        (b"user-agent", keys.ABSENT.encode()),
        (b"Accept", b"*/*"),
    )
    assert event(headers=headers)["headers"] == {"accept": "*/*"}


def test_bytes_that_are_no_text_have_one_form() -> None:
    made = event(query=b"a=\xff&\xe4=\xc3\xa4", headers=((b"x-a", b"\xe4"),))
    assert made["queryStringParameters"] == {"a": "\xff", "\xe4": "\xe4"}
    assert made["headers"] == {"x-a": "\xe4"}


def test_the_last_content_type_counts() -> None:
    headers = ((b"content-type", b"text/plain"), (b"content-type", b"image/png"))
    assert event(headers=headers, body=b"a")["isBase64Encoded"] is True


def test_the_event_of_a_health_check_says_who_asks_and_no_more() -> None:
    made = json.loads(health_event(MULTI, path="/h", query=b"a=b"))
    assert made["multiValueHeaders"] == {"user-agent": ["ELB-HealthChecker/2.0"]}
    assert made["multiValueQueryStringParameters"] == {"a": ["b"]}
    assert (made["httpMethod"], made["path"], made["body"]) == ("GET", "/h", "")


@given(query=st.binary(), body=st.binary(), value=st.binary())
def test_whatever_is_sent_an_event_is_made(query: bytes, body: bytes, value: bytes) -> None:
    made = event(MULTI, query=query, body=body, headers=((b"x-a", value), (b"content-type", b"text/plain")))
    assert made["multiValueHeaders"]["content-type"] == ["text/plain"]
    assert sum(map(len, made["multiValueQueryStringParameters"].values())) == sum(
        map(bool, query.split(b"&"))
    )
