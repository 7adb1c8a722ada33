"""Mocks whose answer is known when they are compiled: api-gateway.md sections 6 and 19."""

from __future__ import annotations

import pytest

from compile.gateways import ORIGIN, mock
from gateline.compile.mock import MockAnswer, NotStatic, mock_answer
from gateline.model.integration import IntegrationResponse, LiteralSource, ResponseParameter
from gateline.sources.mapping import parse_response_source


def response(
    pattern: str | None,
    status: int,
    headers: dict[str, str] | None = None,
    templates: dict[str, str] | None = None,
) -> IntegrationResponse:
    """An entry of an integration's responses."""
    parameters = [
        ResponseParameter(
            header=k,
            expression=v,
            source=parse_response_source(v) or LiteralSource((v.strip("'"),)),
            origin=ORIGIN,
        )
        for k, v in (headers or {}).items()
    ]
    return IntegrationResponse(
        pattern=pattern,
        status_code=status,
        response_parameters=tuple(parameters),
        response_templates=tuple((templates or {}).items()),
        origin=ORIGIN,
    )


def answer(
    *templates: str, responses: tuple[IntegrationResponse, ...] = (response(None, 200),)
) -> MockAnswer:
    """The answer of a mock with these request templates."""
    pairs = [(f"media/{number}", text) for number, text in enumerate(templates)]
    return mock_answer(mock(templates=pairs, responses=responses))


@pytest.mark.parametrize(
    "template",
    [
        '{"statusCode": 200}',
        "{'statusCode': 200}",
        "{statusCode: 200}",
        "{statusCode: 200,}",
        ' {"a": 1, "statusCode":200} ',
        '{"statusCode": 200, "b": [1,],}',
    ],
)
def test_a_status_is_read_as_leniently_as_amazon_does(template: str) -> None:
    assert answer(template) == MockAnswer(status=200)


@pytest.mark.parametrize(
    "template", ["{}", '{"statusCode": "200"}', "200", "[]", "nothing", '{"statusCode": true}', "{"]
)
def test_a_template_without_a_status_is_an_internal_error(template: str) -> None:
    assert answer(template) == MockAnswer(status=500, failed=True)


def test_without_a_template_the_request_gives_the_status() -> None:
    with pytest.raises(NotStatic):
        answer()
    with pytest.raises(NotStatic):
        answer("")  # an empty one is none


def test_the_entry_whose_pattern_matches_the_whole_status_is_taken() -> None:
    entries = (response("40", 1), response(r"4\d{2}", 400), response(None, 200))
    assert answer('{"statusCode": 404}', responses=entries).status == 400
    assert answer('{"statusCode": 500}', responses=entries).status == 200


def test_without_a_default_no_match_is_an_internal_error() -> None:
    assert answer('{"statusCode": 404}', responses=(response("2..", 200),)).failed


def test_a_broken_pattern_matches_nothing() -> None:
    assert answer('{"statusCode": 404}', responses=(response("(", 1), response(None, 200))).status == 200


def test_headers_are_literals_without_their_quotes_and_remapped() -> None:
    entry = response(
        None, 200, {"X-A": "'a, b'", "Server": "'s'", "Content-Type": "'text/x'"}, {"text/y": "body"}
    )
    found = answer('{"statusCode": 200}', responses=(entry,))
    assert found.headers == (("x-a", "a, b"), ("x-amzn-remapped-server", "s"))
    assert (found.content_type, found.body) == ("text/x", "body")


def test_a_mapping_from_the_integrations_response_is_left_out() -> None:
    entry = response(None, 200, {"X-A": "integration.response.header.X"})
    assert answer('{"statusCode": 200}', responses=(entry,)).headers == ()


def test_the_only_template_is_the_body_and_names_its_type() -> None:
    other = response(None, 200, templates={"text/html": "x"})
    assert answer('{"statusCode": 200}', responses=(other,)).content_type == "text/html"


@pytest.mark.parametrize(
    "template",
    [
        '{"statusCode": $x}',
        "#set($a=1){}",
        "{'statusCode': ${x}}",
        '## comment\n{"statusCode": 200}',
        "#if(1)#end",
        "$!x",
        "#* c *#",
        "#{if}(1)#{end}",
    ],
)
def test_a_template_with_velocity_in_it_is_not_static(template: str) -> None:
    with pytest.raises(NotStatic, match="not a constant"):
        answer(template)


def test_a_body_with_velocity_in_it_is_not_static() -> None:
    with pytest.raises(NotStatic):
        answer(
            '{"statusCode": 200}', responses=(response(None, 200, templates={"a/b": "$context.requestId"}),)
        )


@pytest.mark.parametrize("text", ["costs $5", "#1", "100 %", "a # b", "$ 5"])
def test_a_body_with_a_lone_sign_is_static(text: str) -> None:
    found = answer('{"statusCode": 200}', responses=(response(None, 200, templates={"a/b": text}),))
    assert found.body == text


def test_different_answers_for_different_media_types_are_not_static() -> None:
    with pytest.raises(NotStatic, match="different status codes"):
        answer('{"statusCode": 200}', '{"statusCode": 201}')
    with pytest.raises(NotStatic, match="each of several media types"):
        answer('{"statusCode": 200}', responses=(response(None, 200, templates={"a/b": "1", "c/d": "1"}),))


def test_a_header_from_the_request_is_not_static() -> None:
    with pytest.raises(NotStatic, match="X-A"):
        answer('{"statusCode": 200}', responses=(response(None, 200, {"X-A": "context.requestId"}),))


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_whose_status_has_no_body_gets_none(status: int) -> None:
    made = answer("{statusCode: 200}", responses=(response(None, status, templates={"text/plain": "x"}),))
    assert made == MockAnswer(status=status, content_type="text/plain")
