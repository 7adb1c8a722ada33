"""`mock`: api-gateway.md section 19, and that constant mocks are answered alike by compiler and host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.compile.mock import mock_answer
from gateline.integrations.mock import mock_status
from gateline.integrations.outgoing import MockStatus, Refusal
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.integration import Integration, IntegrationKind
from integrations.hosted import POST, entry, exchange, integration

JSON = "application/json"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"statusCode": 200}', 200),
        ("{statusCode: 404}", 404),
        ("{'statusCode': 500,}", 500),
        ('{"statusCode": 200, "note": "it\'s"}', 200),
    ],
)
def test_the_status_is_read_leniently(text: str, status: int) -> None:
    assert mock_status(text.encode()) == MockStatus(status=status)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"statusCode": "200"}',
        b"{}",
        b"",
        b"200",
        b"not json",
        b'{"statusCode": true}',
        b"\xff",
        b'{"statusCode": 200.5}',
        b"[]",
        b'{"statuscode": 200}',
    ],
)
def test_all_else_is_500(payload: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        mock_status(payload)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


def constant(template: str) -> Integration:
    return integration(
        IntegrationKind.MOCK,
        templates={"application/json": template},
        responses=[
            entry(204, "204", headers={"X-A": "'b'"}),
            entry(404, "4..", headers={"Server": "'s'", "X-Empty": "''"}, templates={"text/plain": "gone"}),
            entry(200, headers={"Content-Type": "'text/html'"}, templates={"application/json": "<p>"}),
        ],
    )


@pytest.mark.parametrize(
    "template",
    [
        '{"statusCode": 200}',
        "{statusCode: 404}",
        "{'statusCode': 204}",
        '{"statusCode": "200"}',
        "{}",
        "?",
        '{"statusCode": 200, "why": "it\'s"}',
    ],
)
def test_compiler_and_host_answer_a_constant_mock_alike(template: str) -> None:
    of = constant(template)
    compiled = mock_answer(of)
    asked = exchange(of)
    if compiled.failed:
        with pytest.raises(Refusal) as refused:
            asked.outgoing()
        assert refused.value.type == "API_CONFIGURATION_ERROR"
        return
    status = asked.outgoing()
    assert isinstance(status, MockStatus)
    answer = asked.answer(status)
    headers = {name.lower(): value for name, value in answer.headers}
    assert answer.status == compiled.status
    assert answer.body == compiled.body.encode()
    assert headers.pop("content-type") == compiled.content_type
    assert headers == {name: value for name, value in compiled.headers if value}  # Envoy adds no empty header


class TestExchange:
    """A mock that reads the request, from its arrival to its answer."""

    def mock(self, template: str | None = '{"statusCode": 200}', **given: object) -> Integration:
        templates = {} if template is None else {JSON: template}
        return integration(IntegrationKind.MOCK, templates=templates, uri="", verb="", **given)  # type: ignore[arg-type]

    def answer(self, of: Integration, **given: object) -> ProxyResponse:
        begun = exchange(of, **given)  # type: ignore[arg-type]
        status = begun.outgoing()
        assert isinstance(status, MockStatus)
        return begun.answer(status)

    def test_the_body_is_empty_without_a_template_and_no_trace_is_told(self) -> None:
        assert self.answer(self.mock(), body=b"ignored") == ProxyResponse(
            status=200, headers=(("Content-Type", JSON),), body=b""
        )

    def test_the_status_selects_the_response(self) -> None:
        of = self.mock(
            "{\"statusCode\": $input.params('id')}",
            responses=[entry(200), entry(299, "7", templates={JSON: "x"})],
        )
        answer = self.answer(of)
        assert (answer.status, answer.body) == (299, b"x")

    def test_without_a_request_template_the_body_gives_the_status(self) -> None:
        of = self.mock(None, responses=[entry(201, "201")])
        assert self.answer(of, body=b"{statusCode: 201}").status == 201
        with pytest.raises(Refusal):
            exchange(of, body=b"hello").outgoing()

    def test_parameters_are_ignored(self) -> None:
        of = self.mock(parameters={"header.Content-Length": "'1'", "header.X": "method.request.body.a"})
        assert self.answer(of, body=b"{").status == 200

    def test_overrides_of_the_request_template_change_the_response(self) -> None:
        of = self.mock(
            "#set($context.responseOverride.status = 444)"
            '#set($context.responseOverride.header.X-A = "b"){"statusCode": 200}'
        )
        answer = self.answer(of)
        assert (answer.status, answer.body) == (444, b"")
        assert dict(answer.headers)["X-A"] == "b"

    def test_response_templates_see_the_request(self) -> None:
        of = self.mock(responses=[entry(templates={JSON: "$input.params('id') $input.body $context.stage"})])
        assert self.answer(of, body=b"sent").body == b"7 {} prod"

    def test_preflight_answers_as_people_write_them(self) -> None:
        headers = {
            "Access-Control-Allow-Headers": "'Content-Type,X-Amz-Date'",
            "Access-Control-Allow-Methods": "'GET,OPTIONS'",
            "Access-Control-Allow-Origin": "integration.response.header.Origin",
        }
        answer = self.answer(
            self.mock(responses=[entry(204, headers=headers)]), call=replace(POST, verb="OPTIONS")
        )
        assert answer.status == 204
        assert dict(answer.headers) == {
            "Access-Control-Allow-Headers": "Content-Type,X-Amz-Date",
            "Access-Control-Allow-Methods": "GET,OPTIONS",
            "Content-Type": JSON,
        }
