"""Which customised gateway response changes which type (api-gateway.md section 14)."""

from __future__ import annotations

import pytest

from compile.gateways import ORIGIN, api
from gateline.compile.gateway_response import answers, put_answers
from gateline.compile.table import Table
from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind
from gateline.model.rest_api import GatewayResponse, Stage

STAGE = Stage(name="prod", variables=(("tenant", "acme"),), origin=ORIGIN)


def text(value: str) -> Part:
    return Part(PartKind.TEXT, value)


def response(type_: str, *parts: Part, status: int | None = None, **headers: Part) -> GatewayResponse:
    """A customised response with one template."""
    return GatewayResponse(
        type=type_,
        status_code=status,
        headers=tuple(headers.items()),
        templates=(("text/plain", parts),) if parts else (),
        origin=ORIGIN,
    )


def found(*responses: GatewayResponse) -> dict[str, Answer]:
    """The answers of an API with these, by type."""
    made = answers(api(gateway_responses=responses), STAGE, account_id="123456789012")
    return {answer.type: answer for answer in made}


def test_nothing_customised_is_nothing() -> None:
    assert found() == {}


@pytest.mark.parametrize("default", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_a_default_type_is_for_all_of_its_class(default: str) -> None:
    expected = {
        name
        for name, built_in in RESPONSE_TYPES.items()
        if name == default or (built_in.status and f"DEFAULT_{built_in.status // 100}XX" == default)
    }
    assert set(found(response(default, status=404))) == expected


def test_a_type_of_its_own_takes_nothing_from_the_default() -> None:
    made = found(response("DEFAULT_4XX", text("default"), status=404, a=text("1")), response("UNAUTHORIZED"))
    assert made["UNAUTHORIZED"] == Answer(type="UNAUTHORIZED")
    assert made["ACCESS_DENIED"] == Answer(
        type="ACCESS_DENIED",
        status=404,
        headers=(("a", (text("1"),)),),
        templates=(("text/plain", (text("default"),)),),
    )


def test_a_default_type_without_a_status_leaves_that_of_each_type() -> None:
    assert {answer.status for answer in found(response("DEFAULT_5XX", text("x"))).values()} == {0}


def test_what_is_the_same_for_every_request_is_put_in() -> None:
    made = found(
        response(
            "UNAUTHORIZED",
            Part(PartKind.CONTEXT, "apiId"),
            text("/"),
            Part(PartKind.CONTEXT, "stage"),
            Part(PartKind.STAGE_VARIABLE, "tenant"),
            Part(PartKind.STAGE_VARIABLE, "absent"),
            Part(PartKind.CONTEXT, "path"),
            Part(PartKind.CONTEXT, "accountId"),
        )
    )
    [(_, parts)] = made["UNAUTHORIZED"].templates
    assert parts == (text("orders/prodacme"), Part(PartKind.CONTEXT, "path"), text("123456789012"))


def test_a_header_of_an_absent_stage_variable_is_left_out() -> None:
    made = found(
        response(
            "UNAUTHORIZED",
            a=Part(PartKind.STAGE_VARIABLE, "absent"),
            b=Part(PartKind.STAGE_VARIABLE, "tenant"),
        )
    )
    assert made["UNAUTHORIZED"].headers == (("b", (text("acme"),)),)


def table(*parts: Part) -> str:
    """What the script is given for one answer."""
    made = Table()
    answer = Answer(type="UNAUTHORIZED", status=401, templates=(("text/plain", parts),))
    put_answers(made, api(), (answer,))
    return made.text


def test_headers_are_named_as_envoy_names_them() -> None:
    assert "6:header10::authority" in table(Part(PartKind.HEADER, "Host"))
    assert "6:header6:origin" in table(Part(PartKind.HEADER, "Origin"))


def test_what_frames_a_message_is_never_read() -> None:
    assert "6:absent17:transfer-encoding" in table(Part(PartKind.HEADER, "Transfer-Encoding"))


def test_ids_of_resources_are_told_only_where_they_are_asked_for() -> None:
    assert table(text("x")).endswith("1:0")
    assert table(Part(PartKind.CONTEXT, "resourceId")).endswith(
        "10:resourceId1:0"
    )  # an API without resources
