"""A request from its arrival to its answer: api-gateway.md sections 5, 6, 8, 9, 12 and 19."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from gateline.dataplane import keys
from gateline.integrations.outgoing import (
    ACCEPTED,
    BackendAnswer,
    FunctionAnswer,
    FunctionCall,
    Refusal,
    ServiceCall,
)
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.integration import Integration, IntegrationKind, PassthroughBehavior
from gateline.templates.budget import Budget, Exhausted
from integrations.hosted import LAMBDA, entry, exchange, integration, sent
from integrations.samples import CALL, STAGE

JSON = "application/json"
PNG = b"\x89PNG\xff"
BINARY = replace(STAGE, binary_media_types=("image/png",))
TRACE = ("X-Amzn-Trace-Id", CALL.trace_id)


def answered(
    of: Integration,
    body: bytes = b"",
    *,
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    accept: bytes = b"",
    binary: bool = False,
) -> ProxyResponse:
    given = ((b"accept", accept),) if accept else ()
    begun = exchange(of, headers=given, stage=BINARY if binary else STAGE)
    begun.outgoing()
    return begun.answer(BackendAnswer(status=status, headers=headers, body=body))


def refused(of: Integration, **given: object) -> Refusal:
    with pytest.raises(Refusal) as found:
        exchange(of, **given).outgoing()  # type: ignore[arg-type]
    return found.value


class TestRequest:
    def test_the_body_passes_where_there_is_no_template(self) -> None:
        assert sent(exchange(integration(), body=b"as it is")).body == b"as it is"

    def test_bytes_that_are_no_text_become_replacement_characters(self) -> None:
        assert sent(exchange(integration(), body=PNG)).body == "\ufffdPNG\ufffd".encode()

    def test_a_template_makes_the_body(self) -> None:
        of = integration(templates={JSON: '{"n": $input.json(\'$.name\'), "id": "$input.params(\'id\')"}'})
        assert sent(exchange(of, body=b'{"name": "Ada"}')).body == b'{"n": "Ada", "id": "7"}'

    def test_an_empty_body_renders_as_an_empty_object(self) -> None:
        assert sent(exchange(integration(templates={JSON: "$input.body"}))).body == b"{}"

    def test_templates_see_context_and_stage_variables(self) -> None:
        of = integration(
            templates={JSON: "$context.requestId $stageVariables.url $context.identity.sourceIp"}
        )
        assert sent(exchange(of)).body == f"{CALL.request_id} internal.storefront 203.0.113.9".encode()

    @pytest.mark.parametrize("kind", list(IntegrationKind))
    def test_a_media_type_without_a_template_is_415_for_every_kind(self, kind: IntegrationKind) -> None:
        of = integration(kind, templates={JSON: "{}"}, passthrough=PassthroughBehavior.NEVER)
        refusal = refused(of, headers=((b"content-type", b"text/plain"),))
        assert refusal.type == "UNSUPPORTED_MEDIA_TYPE"

    def test_a_template_on_bytes_is_500(self) -> None:
        of = integration(templates={"image/png": "$input.body"})
        refusal = refused(of, headers=((b"content-type", b"image/png"),), body=PNG, stage=BINARY)
        assert refusal.type == "API_CONFIGURATION_ERROR"

    def test_bytes_pass_where_their_media_type_is_binary(self) -> None:
        begun = exchange(integration(), headers=((b"content-type", b"image/png"),), body=PNG, stage=BINARY)
        assert sent(begun).body == PNG

    def test_a_template_sees_bytes_as_base64_when_the_definition_says_so(self) -> None:
        of = integration(templates={"image/png": '{"b": "$input.body"}'}, handling="CONVERT_TO_TEXT")
        begun = exchange(of, headers=((b"content-type", b"image/png"),), body=PNG, stage=BINARY)
        assert sent(begun).body == b'{"b": "' + base64.b64encode(PNG) + b'"}'

    def test_a_template_that_fails_is_500(self) -> None:
        of = integration(templates={JSON: "#foreach($a in [1..1000])" * 3 + "$a" + "#end" * 3})
        assert refused(of).type == "API_CONFIGURATION_ERROR"

    def test_mappings_and_overrides_make_the_request(self) -> None:
        of = integration(
            uri="http://backend.example/{id}?fixed=1",
            parameters={
                "path.id": "method.request.path.id",
                "header.X-Tenant": "method.request.header.x-tenant",
                "header.X-Gone": "method.request.header.absent",
                "querystring.q": "'mapped'",
            },
            templates={
                JSON: '#set($context.requestOverride.header.X-Tenant = "set")'
                '#set($context.requestOverride.querystring.q = "a b")'
                '#set($context.requestOverride.path.id = "8/9")'
            },
        )
        request = sent(exchange(of, headers=((b"x-tenant", b"acme"),)))
        assert request.target == "/8%2F9?fixed=1&q=a%20b"
        assert dict(request.headers)["X-Tenant"] == "set"
        assert "X-Gone" not in dict(request.headers)

    @pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id"])
    def test_a_template_may_not_set_illegal_headers_either(self, name: str) -> None:
        of = integration(templates={JSON: f'#set($context.requestOverride.header["{name}"] = "1")'})
        assert refused(of).type == "API_CONFIGURATION_ERROR"

    def test_a_mapping_of_a_broken_body_is_400_before_its_media_type_is_looked_at(self) -> None:
        of = integration(
            parameters={"header.X": "method.request.body.a"}, passthrough=PassthroughBehavior.NEVER
        )
        assert refused(of, body=b"{").message == "Invalid JSON in request body"


class TestResponse:
    def test_a_client_gets_status_and_body_and_no_header_of_the_backends(self) -> None:
        answer = answered(integration(), b"hello", status=201, headers=((b"X-Secret", b"1"),))
        assert answer == ProxyResponse(status=200, headers=(("Content-Type", JSON), TRACE), body=b"hello")

    @pytest.mark.parametrize(("status", "client"), [(201, 200), (404, 400), (400, 400), (500, 200)])
    def test_recorded_selections(self, status: int, client: int) -> None:
        of = integration(responses=[entry(200), entry(400, r"4\d{2}")])
        assert answered(of, b"kept", status=status).status == client
        assert answered(of, b"kept", status=status).body == b"kept"

    def test_without_a_default_it_is_500(self) -> None:
        with pytest.raises(Refusal) as found:
            answered(integration(responses=[]), b"x")
        assert found.value.type == "API_CONFIGURATION_ERROR"

    def test_headers_are_mapped_and_remapped(self) -> None:
        of = integration(
            responses=[
                entry(
                    headers={
                        "Date": "integration.response.header.Date",
                        "X-Id": "integration.response.body.id",
                        "Access-Control-Allow-Origin": "'*'",
                    }
                )
            ]
        )
        answer = answered(of, b'{"id": 7}', headers=((b"date", b"today"),))
        assert dict(answer.headers) == {
            "x-amzn-Remapped-Date": "today",
            "X-Id": "7",
            "Access-Control-Allow-Origin": "*",
            "Content-Type": JSON,
            "X-Amzn-Trace-Id": CALL.trace_id,
        }

    @pytest.mark.parametrize(
        ("accept", "body", "content_type"),
        [
            (b"application/xml", b"<a>Ada</a>", "application/xml"),
            (b"text/html", b"Ada!", JSON),
            (b"", b"Ada!", JSON),
        ],
    )
    def test_what_a_client_accepts_chooses_the_template(
        self, accept: bytes, body: bytes, content_type: str
    ) -> None:
        templates = {"application/xml": "<a>$input.path('$.n')</a>", JSON: "$input.path('$.n')!"}
        answer = answered(integration(responses=[entry(templates=templates)]), b'{"n": "Ada"}', accept=accept)
        assert answer.body == body
        assert dict(answer.headers)["Content-Type"] == content_type

    def test_a_template_overrides_status_and_headers(self) -> None:
        template = (
            "#set($context.responseOverride.status = 418)"
            '#set($context.responseOverride.header.X-A = "b")'
            '#set($context.responseOverride.header.Content-Type = "text/plain")tea'
        )
        of = integration(responses=[entry(headers={"X-A": "'mapped'"}, templates={JSON: template})])
        answer = answered(of)
        assert answer.status == 418
        assert dict(answer.headers) == {"X-A": "b", "Content-Type": "text/plain", TRACE[0]: TRACE[1]}
        assert answer.body == b"tea"

    @pytest.mark.parametrize("status", ["99", "600", '"418"', "100"])
    def test_a_status_that_is_none_is_ignored(self, status: str) -> None:
        template = f"#set($context.responseOverride.status = {status})"
        assert answered(integration(responses=[entry(202, templates={JSON: template})])).status == 202

    def test_what_the_request_template_sets_is_read_by_the_responses(self) -> None:
        of = integration(
            templates={JSON: '#set($context.requestOverride.path.mine = "kept")'},
            responses=[entry(templates={JSON: "$context.requestOverride.path.mine"})],
        )
        assert answered(of).body == b"kept"

    def test_an_empty_answer_renders_as_an_empty_object(self) -> None:
        assert answered(integration(responses=[entry(templates={JSON: "$input.body"})])).body == b"{}"

    def test_a_response_template_on_bytes_is_500(self) -> None:
        of = integration(responses=[entry(templates={JSON: "$input.body"}, handling="CONVERT_TO_BINARY")])
        with pytest.raises(Refusal) as found:
            answered(of, PNG, headers=((b"Content-Type", b"image/png"),), binary=True)
        assert found.value.type == "API_CONFIGURATION_ERROR"

    @pytest.mark.parametrize(
        ("content_type", "accept", "body", "client"),
        [
            (b"image/png", b"image/png", PNG, PNG),
            (b"image/png", b"", PNG, base64.b64encode(PNG)),
            (b"text/plain", b"image/png", base64.b64encode(PNG), PNG),
            (b"text/plain", b"text/html, image/png", b"text", b"text"),
            (b"text/plain", b"", PNG, "\ufffdPNG\ufffd".encode()),
        ],
    )
    def test_binary_answers(self, content_type: bytes, accept: bytes, body: bytes, client: bytes) -> None:
        headers = ((b"content-type", content_type),)
        assert answered(integration(), body, headers=headers, accept=accept, binary=True).body == client

    def test_an_answer_over_ten_megabytes_is_500(self) -> None:
        largest = bytes(keys.BODY_LIMIT)
        assert answered(integration(), largest).body == largest
        with pytest.raises(Refusal):
            answered(integration(), largest + b"a")

    @pytest.mark.parametrize("status", [204, 304])
    def test_some_statuses_have_no_body(self, status: int) -> None:
        assert answered(integration(responses=[entry(status)]), b"body").body == b""


class TestFunction:
    OF = integration(
        IntegrationKind.AWS,
        uri=LAMBDA,
        responses=[entry(200), entry(404, ".*not found.*"), entry(201, "200")],
    )

    def test_the_body_is_the_event(self) -> None:
        begun = exchange(self.OF, body=b'{"a": 1}')
        assert begun.outgoing() == FunctionCall(function="orders", payload=b'{"a": 1}')

    def test_an_empty_body_is_an_empty_event(self) -> None:
        assert exchange(self.OF).outgoing() == FunctionCall(function="orders", payload=b"{}")

    def test_a_result_is_the_body_and_matches_no_pattern(self) -> None:
        answer = exchange(self.OF).answer(FunctionAnswer(payload=b'"200"'))
        assert answer == ProxyResponse(status=200, headers=(("Content-Type", JSON), TRACE), body=b'"200"')

    def test_a_result_that_looks_like_an_error_is_none(self) -> None:
        assert (
            exchange(self.OF).answer(FunctionAnswer(payload=b'{"errorMessage": "not found"}')).status == 200
        )

    def test_an_errors_message_selects_the_response(self) -> None:
        payload = b'{"errorMessage": "order not found", "errorType": "Error"}'
        answer = exchange(self.OF).answer(FunctionAnswer(payload=payload, is_error=True))
        assert (answer.status, answer.body) == (404, payload)

    def test_an_error_that_matches_nothing_takes_the_default(self) -> None:
        answer = exchange(self.OF).answer(FunctionAnswer(payload=b'{"errorMessage": "x"}', is_error=True))
        assert answer.status == 200

    def test_an_error_is_read_by_mappings_and_templates(self) -> None:
        of = integration(
            IntegrationKind.AWS,
            uri=LAMBDA,
            responses=[
                entry(
                    400,
                    ".+",
                    headers={"X-Error": "integration.response.body.errorType"},
                    templates={JSON: "{\"why\": $input.json('$.errorMessage')}"},
                )
            ],
        )
        payload = b'{"errorMessage": "bad", "errorType": "ValueError"}'
        answer = exchange(of).answer(FunctionAnswer(payload=payload, is_error=True))
        assert answer.body == b'{"why": "bad"}'
        assert dict(answer.headers)["X-Error"] == "ValueError"

    def test_an_asynchronous_call_is_answered_at_once(self) -> None:
        of = integration(
            IntegrationKind.AWS,
            uri=LAMBDA,
            parameters={"header.X-Amz-Invocation-Type": "'Event'"},
            responses=[entry(202, headers={"X-A": "'b'"})],
        )
        begun = exchange(of)
        assert begun.outgoing() == FunctionCall(function="orders", payload=b"{}", asynchronous=True)
        answer = begun.answer(ACCEPTED)
        assert (answer.status, answer.body) == (202, b"")
        assert dict(answer.headers)["X-A"] == "b"

    def test_base64_of_a_function_becomes_bytes(self) -> None:
        of = integration(IntegrationKind.AWS, uri=LAMBDA, responses=[entry(handling="CONVERT_TO_BINARY")])
        answer = exchange(of).answer(FunctionAnswer(payload=b'"iVBORw=="'))
        assert answer.body == b"\x89PNG"


class TestService:
    def test_a_call_is_made_and_its_status_selects_the_response(self) -> None:
        of = integration(
            IntegrationKind.AWS,
            uri="arn:aws:apigateway:eu-west-1:dynamodb:action/GetItem",
            templates={JSON: '{"Key": {"id": {"S": "$input.params(\'id\')"}}}'},
            responses=[
                entry(200, templates={JSON: "$input.path('$.Item.n.S') $context.awsEndpointRequestId"}),
                entry(400, "4.."),
            ],
        )
        begun = exchange(of)
        call = begun.outgoing()
        assert isinstance(call, ServiceCall)
        assert call.body == b'{"Key": {"id": {"S": "7"}}}'
        headers = ((b"x-amzn-RequestId", b"R1"),)
        answer = begun.answer(
            BackendAnswer(status=200, headers=headers, body=b'{"Item": {"n": {"S": "Ada"}}}')
        )
        assert answer.body == b"Ada R1"
        assert TRACE in answer.headers
        assert exchange(of).answer(BackendAnswer(status=400, headers=(), body=b"{}")).status == 400


class TestHurry:
    """Templates may have a smaller budget, and all of it is then done again with the usual one."""

    LONG = "#foreach($i in [1..100])$i#end"

    def test_a_request_that_takes_longer_is_told_and_is_made_by_another_exchange(self) -> None:
        of = integration(templates={JSON: self.LONG})
        with pytest.raises(Exhausted):
            exchange(of).outgoing(Budget(steps=20))
        assert sent(exchange(of)).body == "".join(map(str, range(1, 101))).encode()

    def test_an_answer_that_takes_longer_is_made_again_as_if_it_had_not_been_begun(self) -> None:
        template = f'#set($context.said = "$!context.said+")$context.said{self.LONG}'
        of = integration(responses=[entry(templates={JSON: template})])
        back = BackendAnswer(status=200, headers=(), body=b"")
        once, twice = exchange(of), exchange(of)
        once.outgoing()
        twice.outgoing()
        with pytest.raises(Exhausted):
            twice.answer(back, Budget(steps=20))
        again = twice.answer(back)
        assert again.body.startswith(b"+12")
        assert again == once.answer(back)

    def test_what_takes_too_long_at_leisure_is_a_fault_of_the_template(self) -> None:
        of = integration(templates={JSON: "#foreach($i in [1..1000])#foreach($j in [1..1000])$j#end#end"})
        assert refused(of).type == "API_CONFIGURATION_ERROR"
