"""docs/reference/events.md shows what the code makes, key by key and in this order."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final

import pytest

from docs.markdown import ROOT, blocks, code_spans
from gateline.integrations.client_headers import DROPPED_HEADERS
from gateline.integrations.event import proxy_event, request_event, token_event
from gateline.integrations.proxy_response import read_proxy_response
from integrations.samples import AT, AUTHORIZED, CALL, HEADERS

PAGE: Final = ROOT / "docs" / "reference" / "events.md"
ARN: Final = "arn:aws:execute-api:us-east-1:123456789012:1234567890/prod/GET/orders/7"


def examples() -> dict[str, bytes]:
    """The events of the page."""
    authorized = replace(AT, call=replace(CALL, authorized=AUTHORIZED))
    sent = tuple((b"X-Tenant" if name == b"x-tenant" else name, value) for name, value in HEADERS)
    return {
        "TOKEN": token_event(token="Bearer t0ken", method_arn=ARN),
        "REQUEST": request_event(AT, HEADERS, method_arn=ARN),
        "proxy": proxy_event(authorized, sent, b""),
    }


def shown() -> list[str]:
    return [block.text for block in blocks(PAGE) if block.language == "json"]


@pytest.mark.parametrize(("index", "kind"), list(enumerate(["TOKEN", "REQUEST", "proxy"])))
def test_an_example_is_what_the_code_makes(index: int, kind: str) -> None:
    made = json.dumps(json.loads(examples()[kind]), indent=2, ensure_ascii=False)
    assert shown()[index].strip() == made


def test_the_answer_that_is_shown_is_taken() -> None:
    response = read_proxy_response(shown()[3].encode(), accept=None, binary_media_types=())
    assert (response.status, response.body) == (201, b'{"id": 8}')


def test_every_header_that_no_event_holds_is_named() -> None:
    named = {span.lower() for span in code_spans(PAGE)}
    assert DROPPED_HEADERS - named == {"x-amzn-apigateway-api-id"}


def test_every_key_of_the_context_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("## What stands in them") : text.index("## Headers")]
    obvious = {"httpMethod", "accountId", "stage", "apiId"}
    keys = json.loads(examples()["proxy"])["requestContext"].keys() - obvious
    assert {key for key in keys if not re.search(rf"[.`]{key}`", table)} == set()
