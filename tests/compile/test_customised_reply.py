"""Envoy's own answers as stages customise them; over HTTP in tests/end_to_end/gateway_responses."""

from __future__ import annotations

from typing import Any

import pytest

from compile.gateways import ORIGIN, api, gateway, method
from gateline.compile.customised_reply import (
    customised_mappers,
    native_answers,
    native_stages,
    put_told,
    reply,
)
from gateline.compile.gateway_response import answers
from gateline.compile.reply_filter import by_flags
from gateline.compile.table import Table
from gateline.compile.wire import new
from gateline.model.authorizer import Authorization
from gateline.model.gateway_response import RESPONSE_TYPES, Part, PartKind
from gateline.model.rest_api import GatewayResponse, RestApi, Stage
from gateline.model.usage_plan import Throttle

STAGE = Stage(name="dev", origin=ORIGIN)
TIMEOUT = "INTEGRATION_TIMEOUT"


def text(value: str) -> Part:
    return Part(PartKind.TEXT, value)


def customised(*parts: Part, type_: str = TIMEOUT, status: int | None = None, **headers: Part) -> RestApi:
    """An API that customises one type."""
    response = GatewayResponse(
        type=type_,
        status_code=status,
        headers=tuple(headers.items()),
        templates=(("text/plain", parts),) if parts else (),
        origin=ORIGIN,
    )
    return api(method("GET", "/a"), gateway_responses=(response,), stages=(STAGE,))


def mappers(*apis: RestApi, type_: str = TIMEOUT) -> list[Any]:
    """The mappers for a type; Envoy's own messages take them."""
    found = customised_mappers(native_stages(gateway(*apis)), type_, by_flags("UT"))
    new("envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig", mappers=found)
    return found


def told(served: RestApi) -> str:
    """What the script is to tell Envoy."""
    table = Table()
    put_told(table, native_answers(served, STAGE, answers(served, STAGE, account_id="1")))
    return table.text


def test_an_api_that_customises_nothing_has_no_mapper() -> None:
    assert mappers(api(method("GET", "/a"))) == []
    assert told(api(method("GET", "/a"))) == "1:01:0"


def test_a_mapper_is_for_the_routes_of_its_stage_alone() -> None:
    [mapper] = mappers(customised(text("x")))
    assert "orders/dev " in str(mapper["filter"]["and_filter"]["filters"][1])


def test_a_percent_sign_is_no_format() -> None:
    [mapper] = mappers(customised(text("100% %REQ(x)%"), a=text("50%")))
    body = mapper["body_format_override"]["text_format_source"]["inline_string"]
    assert body == "100%% %%REQ(x)%%"
    assert mapper["headers_to_add"][-1]["header"] == {"key": "a", "value": "50%%"}


def test_the_fault_is_known_beforehand_and_the_request_is_told() -> None:
    served = customised(
        Part(PartKind.CONTEXT, "error.message"),
        Part(PartKind.CONTEXT, "error.messageString"),
        Part(PartKind.CONTEXT, "error.responseType"),
        Part(PartKind.CONTEXT, "error.validationErrorString"),
        Part(PartKind.CONTEXT, "requestId"),
        Part(PartKind.CONTEXT, "path"),
        a=Part(PartKind.HEADER, "Origin"),
    )
    [mapper] = mappers(served)
    body = mapper["body_format_override"]["text_format_source"]["inline_string"]
    assert body == (
        'Endpoint request timed out"Endpoint request timed out"INTEGRATION_TIMEOUT'
        "%FILTER_STATE(gl.rid:PLAIN)%%DYNAMIC_METADATA(gl:told1)%"
    )
    assert mapper["headers_to_add"][-1]["header"]["value"] == "%DYNAMIC_METADATA(gl:told0)%"
    assert told(served) == "1:01:2" + "5:told01:16:header6:origin" + "5:told11:07:context4:path"


def test_an_answer_that_needs_nothing_of_the_request_costs_it_nothing() -> None:
    assert told(customised(text("x"), Part(PartKind.CONTEXT, "error.message"), a=text("*"))) == "1:01:0"


def test_what_the_script_answers_itself_is_not_told() -> None:
    assert told(customised(Part(PartKind.CONTEXT, "path"), type_="UNAUTHORIZED")) == "1:01:0"


@pytest.mark.parametrize(
    ("stage", "key_required", "count"),
    [
        (STAGE, False, 0),
        (STAGE, True, 1),
        (Stage(name="dev", throttle=Throttle(rate_limit=1, burst_limit=1), origin=ORIGIN), False, 1),
    ],
)
def test_throttling_is_customised_where_something_may_be_throttled(
    stage: Stage, key_required: bool, count: int
) -> None:
    asked = method("GET", "/a", authorization=Authorization(api_key_required=key_required, origin=ORIGIN))
    response = GatewayResponse(type="THROTTLED", status_code=503, origin=ORIGIN)
    served = api(asked, gateway_responses=(response,), stages=(stage,))
    assert len(mappers(served, type_="THROTTLED")) == count


def test_there_is_a_mapper_for_each_media_type_and_the_usual_one_is_last() -> None:
    response = GatewayResponse(
        type=TIMEOUT,
        templates=(("text/html", (text("h"),)), ("application/json", (text("j"),)), ("text/x", (text("x"),))),
        origin=ORIGIN,
    )
    served = api(method("GET", "/a"), gateway_responses=(response,), stages=(STAGE,))
    found = mappers(served)
    types = [each["body_format_override"]["content_type"] for each in found]
    assert sorted(types[:2]) == ["text/html", "text/x"]
    assert types[2] == "application/json"
    assert all("metadata_filter" in str(each["filter"]) for each in found[:2])
    assert "metadata_filter" not in str(found[2]["filter"])
    assert told(served) == "1:11:0"


def test_a_status_without_a_body_has_none() -> None:
    [mapper] = mappers(customised(text("x"), status=204))
    assert mapper["body_format_override"]["text_format_source"] == {"inline_string": ""}
    assert mapper["status_code"] == {"value": 204}


@pytest.mark.parametrize("type_", ["INTEGRATION_FAILURE", TIMEOUT, "API_CONFIGURATION_ERROR", "THROTTLED"])
def test_the_words_of_a_default_answer(type_: str) -> None:
    words = reply(type_)
    built_in = RESPONSE_TYPES[type_]
    assert (words.status, words.error_type) == (built_in.status, built_in.error_type)
    space = "" if type_ == "THROTTLED" else " "
    assert words.body == f'{{"message":{space}"{built_in.message}"}}'
