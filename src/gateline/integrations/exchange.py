"""A request of an integration that the host performs itself (`http`, `aws`, `mock`): what to send, what to answer.

In the order in which API Gateway does it: parameters are mapped, the request template is chosen, the body is
converted and rendered, overrides are applied; then, with what came back, a response entry is selected, headers are
mapped, the body is converted and rendered, overrides are applied (api-gateway.md sections 5 to 9, 12 and 19).
"""

from __future__ import annotations

from gateline.dataplane import keys
from gateline.integrations.binary import request_payload, response_payload, text_of
from gateline.integrations.binary_media_type import is_binary
from gateline.integrations.client_request import ClientRequest
from gateline.integrations.client_response import JSON, client_response
from gateline.integrations.context import Circumstances, remembered
from gateline.integrations.function_call import answered_base64, error_message, function_call
from gateline.integrations.http_request import http_request
from gateline.integrations.mock import mock_status
from gateline.integrations.outgoing import (
    BackendAnswer,
    FunctionAnswer,
    MockStatus,
    Outgoing,
    RawHeaders,
    Received,
    configuration_error,
)
from gateline.integrations.overrides import overridden, response_overrides
from gateline.integrations.parameters import Parameters, map_parameters, response_headers
from gateline.integrations.prepared import Prepared, PreparedResponse
from gateline.integrations.proxy_response import ProxyResponse
from gateline.integrations.service_call import service_call
from gateline.model.integration import IntegrationKind
from gateline.templates.rendering import UNSTINTED, Budget, Exhausted, Input, TemplateFailed, render
from gateline.templates.template import Template


class Exchange:
    """One request and its answer. `outgoing` is called once, then `answer` with what came back.

    Both may be told to hurry, by a smaller `budget` for templates. When that is not enough they raise `Exhausted`:
    then another exchange is to be made for `outgoing`, and `answer` is to be called again.

    Args:
        prepared: the method's integration.
        circumstances: the call, its stage and method, and when it came.
        headers: the client's, with their names as it spelled them.
        body: the client's, its content coding removed.

    """

    def __init__(
        self, prepared: Prepared, circumstances: Circumstances, headers: RawHeaders, body: bytes
    ) -> None:
        self._prepared = prepared
        self._integration = prepared.integration
        self._circumstances = circumstances
        self._request = ClientRequest(circumstances, headers, body)
        self._budget = UNSTINTED

    def outgoing(self, budget: Budget = UNSTINTED) -> Outgoing:
        """What to send.

        The client's body is let go then: it may be 10 MB, and nothing of the answer is made of it.

        Raises:
            Refusal: nothing is sent; the client gets a gateway response.
            Exhausted: a template takes more than `budget`.

        """
        self._budget = budget
        try:
            return self._outgoing()
        finally:
            self._request.let_body_go()

    def _outgoing(self) -> Outgoing:
        is_mock = self._integration.kind is IntegrationKind.MOCK
        mapped = Parameters() if is_mock else map_parameters(self._prepared, self._request)
        template = self._prepared.request_template(self._request.headers.last("content-type"))
        payload = request_payload(
            self._request.body,
            is_binary=self._is_binary(self._request.headers.last("content-type")),
            handling=self._integration.content_handling,
        )
        if template is not None:
            payload = self._rendered(template, text_of(payload))
        if is_mock:
            return mock_status(payload)
        parameters = overridden(mapped, self._request.context)
        if self._integration.kind is IntegrationKind.HTTP:
            return http_request(self._integration, self._request, parameters, payload)
        if self._prepared.is_function:
            return function_call(self._integration, self._request, parameters, payload)
        return service_call(self._integration, self._request, parameters, payload)

    def answer(self, received: Received, budget: Budget = UNSTINTED) -> ProxyResponse:
        """What the client gets.

        Raises:
            Refusal: the client gets a gateway response instead.
            Exhausted: a template takes more than `budget`.

        """
        self._budget = budget
        if budget is UNSTINTED:
            return self._answer(received)
        put_back = remembered(self._request.context)  # the template may have written into it by then
        try:
            return self._answer(received)
        except Exhausted:
            put_back()
            raise

    def _answer(self, received: Received) -> ProxyResponse:
        body, headers = self._taken(received)
        entry = self._entry(received)
        accept = self._request.headers.last("accept")
        mapped = response_headers(entry, self._prepared, self._request, headers, body)
        payload = response_payload(
            body,
            is_binary=self._is_binary(_last(headers, b"content-type")),
            is_accepted=self._is_binary(accept),
            handling=entry.response.content_handling,
            decode=answered_base64 if isinstance(received, FunctionAnswer) else None,
        )
        chosen = entry.template(accept)
        if chosen is not None:
            payload = self._rendered(chosen[1], text_of(payload))
        elif isinstance(received, MockStatus):
            payload = b""
        overrides = response_overrides(self._request.context)
        return client_response(
            status=overrides.status or entry.response.status_code,
            headers=mapped | overrides.headers,
            content_type=chosen[0] if chosen else JSON,
            body=payload,
            trace_id="" if isinstance(received, MockStatus) else self._circumstances.call.trace_id,
        )

    def _taken(self, received: Received) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
        """Body and headers of what came back; those of a function are what Lambda's own answer would have."""
        match received:
            case BackendAnswer(headers=headers, body=body):
                if len(body) > keys.BODY_LIMIT:
                    raise configuration_error("the answer is over 10 MB")
                self._request.context["awsEndpointRequestId"] = _endpoint_request_id(headers)
                return body, headers
            case FunctionAnswer(payload=payload):
                return payload, ((b"content-type", JSON.encode()),)
            case MockStatus():
                return b"", ()

    def _entry(self, received: Received) -> PreparedResponse:
        match received:
            case BackendAnswer(status=status) | MockStatus(status=status):
                return self._prepared.response_for(str(status))
            case FunctionAnswer(payload=payload, is_error=is_error):
                return self._prepared.response_for(error_message(payload) if is_error else None)

    def _rendered(self, template: Template, body: str) -> bytes:
        try:
            text = render(
                template,
                input=Input(
                    body=body,
                    path=self._request.path,
                    querystring=self._request.single_query,
                    header=self._request.headers.single,
                ),
                context=self._request.context,
                stage_variables=self._request.variables,
                budget=self._budget,
            )
        except TemplateFailed as error:
            if isinstance(error, Exhausted) and self._budget is not UNSTINTED:
                raise
            raise configuration_error(str(error)) from None
        return text.encode(errors="replace")

    def _is_binary(self, header: str | None) -> bool:
        return is_binary(header, self._circumstances.stage.binary_media_types)


def _last(headers: tuple[tuple[bytes, bytes], ...], name: bytes) -> str | None:
    values = [value for each, value in headers if each.lower() == name]
    return values[-1].decode("latin-1") if values else None


def _endpoint_request_id(headers: tuple[tuple[bytes, bytes], ...]) -> str | None:
    """`$context.awsEndpointRequestId`: services have two names for the header."""
    return _last(headers, b"x-amzn-requestid") or _last(headers, b"x-amz-request-id")
