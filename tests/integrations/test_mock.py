"""`mock`: api-gateway.md section 19, and that constant mocks are answered alike by compiler and host."""

from __future__ import annotations

import pytest

from gateline.compile.mock import mock_answer
from gateline.integrations.mock import mock_status
from gateline.integrations.outgoing import MockStatus, Refusal
from gateline.model.integration import Integration, IntegrationKind
from integrations.hosted import entry, exchange, integration


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
