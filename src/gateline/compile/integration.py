"""Integrations: what becomes of a method behind its authorizer, by the kind of its integration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, assert_never

from google.protobuf.message import Message

from gateline.compile.behind_api import End, Ends
from gateline.compile.details import INTERNAL_ERROR, NO_FUNCTION, NOT_IMPLEMENTED, Details
from gateline.compile.egress import egress_route
from gateline.compile.harvest import Harvest
from gateline.compile.hosting import FunctionNames, hosted_integration, hosted_method
from gateline.compile.mapping import (
    NotMappable,
    StageContext,
    illegal_header,
    map_parameters,
    mapped_bodies,
    secret_headers,
)
from gateline.compile.met_listener import Complained
from gateline.compile.mock import NotStatic, mock_answer
from gateline.compile.request_view import known_request, sent_by_host
from gateline.compile.requirements import validated_models
from gateline.compile.route import function_route, mock_route, proxy_route
from gateline.compile.upstream import NoEndpoint, upstream, with_stage_variables
from gateline.model import codes
from gateline.model.assertion import Assertion, Binding
from gateline.model.diagnostic import Complaints
from gateline.model.function import calls_function
from gateline.model.gateway import Gateway, PathMode
from gateline.model.hosting import HostedMethod
from gateline.model.integration import IntegrationKind
from gateline.model.rest_api import Method, RestApi, Stage

HOST_MARGIN: Final = timedelta(seconds=2)
"""What the host may take on top of an integration's timeout, whose end it tells itself."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a method: its details for the script, and what people are told of where it leads."""

    text: str
    target: str = ""
    rule: str = ""
    target_groups: tuple[str, ...] = ()
    route: Message | None = None
    egress: Message | None = None  # the route that the host's requests take to the backend
    hosted: HostedMethod | None = None
    asserted: bool = False  # the request to the backend carries an assertion


class IntegrationCompiler:
    """Compiles the integrations of one stage; `api` is without its methods. What ends need goes into `ends.harvest`."""

    def __init__(self, gateway: Gateway, api: RestApi, stage: Stage, functions: FunctionNames) -> None:
        self._edge = gateway.edge
        self._api = api
        self._stage = stage
        self._functions = functions
        self.ends = Ends(gateway, stage, Harvest())

    def compile(self, method: Method, details: Details, complaints: Complaints) -> Compiled:
        """What becomes of a method that is served."""
        illegal = illegal_header(method.integration)
        if illegal and method.integration.kind is not IntegrationKind.MOCK:  # the front end has warned
            text = details.error(INTERNAL_ERROR, "illegal_header")
            return Compiled(text, f"500 Illegal header mapping: {illegal}")
        match method.integration.kind:
            case IntegrationKind.AWS_PROXY:
                return self._function(method, details)
            case IntegrationKind.AWS if calls_function(
                with_stage_variables(method.integration.uri, self._stage)
            ):
                return self._function(method, details)
            case IntegrationKind.AWS:
                return self._performed(method, details, f"aws {method.integration.uri}")
            case IntegrationKind.MOCK:
                return self._mock(method, details)
            case IntegrationKind.HTTP:
                return self._http(method, details, complaints)
            case IntegrationKind.HTTP_PROXY:
                return self._proxy(method, details, complaints)
            case kind:
                assert_never(kind)

    def _function(self, method: Method, details: Details) -> Compiled:
        """A function: behind aws_proxy, or with mappings of its own (`aws`)."""
        integration = method.integration
        function = self._functions.of(integration.uri)
        if function is None:
            text = details.error(INTERNAL_ERROR, "function_not_declared")
            return Compiled(text, "500 the function is not declared")
        if integration.http_method != "POST":  # Amazon answers so at run time [R]; the front end has warned
            text = details.error(NO_FUNCTION, "function_needs_post")
            return Compiled(text, "500 the httpMethod must be POST")
        target = f"function {function}"
        if integration.kind is IntegrationKind.AWS:
            return self._performed(method, details, target, function=function)
        return Compiled(
            details.function(),
            target,
            route=function_route(details.route, timeout=integration.timeout),
            hosted=hosted_method(self._api, method, details.route, function),
        )

    def _performed(
        self,
        method: Method,
        details: Details,
        target: str,
        *,
        function: str = "",
        authority: str = "",
        end: End | None = None,
    ) -> Compiled:
        """An integration that the host performs; through the egress when it has an end there."""
        integration = hosted_integration(method.integration, self._stage)
        asserted = end is not None and self._assertion(end) is not None
        return Compiled(
            details.function(),
            target,
            rule=end.rule if end else "",
            target_groups=end.target_groups if end else (),
            route=function_route(details.route, timeout=integration.timeout + HOST_MARGIN),
            egress=end.route if end else None,
            hosted=hosted_method(
                self._api,
                method,
                details.route,
                function,
                integration=integration,
                authority=authority,
                patterns=end.patterns if end and self._edge.paths is PathMode.STRICT else (),
                asserted=asserted,
            ),
            asserted=asserted,
        )

    def _mock(self, method: Method, details: Details) -> Compiled:
        if validated_models(self._api, method):
            return self._performed(method, details, "mock")
        try:
            answer = mock_answer(method.integration)
        except NotStatic:
            return self._performed(method, details, "mock")
        if answer.failed:
            text = details.error(INTERNAL_ERROR, "mock_without_status")
            return Compiled(text, "500 Internal server error")
        return Compiled(details.mock(), f"mock {answer.status}", route=mock_route(details.route, answer))

    def _http(self, method: Method, details: Details, complaints: Complaints) -> Compiled:
        """A backend with mappings of its own: the host makes the request, Envoy brings it there."""
        integration = method.integration
        formats = secret_headers(integration)
        try:
            leads_to = upstream(integration.uri, self._stage)
            end = self.ends.of(
                method,
                details.route,
                leads_to,
                sent_by_host(self._api, method, leads_to, formats),
                lambda match, destination, hop: egress_route(
                    details.route,
                    match=match,
                    destination=destination,
                    timeout=integration.timeout,
                    formats=formats,
                    hop=hop,
                ),
                complaints,
            )
        except NoEndpoint as problem:
            return self._without_endpoint(method, details, problem, complaints)
        self._refuse_signed_rewrites(end, complaints)
        self.ends.harvest.secrets.update(name for form in formats for name in form.secrets)
        return self._performed(method, details, leads_to.uri, authority=leads_to.authority, end=end)

    def _proxy(self, method: Method, details: Details, complaints: Complaints) -> Compiled:
        context = StageContext(edge=self._edge, api=self._api, stage=self._stage, method=method)
        verb = _verb(method)
        try:
            leads_to = upstream(method.integration.uri, self._stage)
            mapped = map_parameters(leads_to.target, context)
            end = self.ends.of(
                method,
                details.route,
                leads_to,
                known_request(self._api, method, leads_to, mapped, verb),
                lambda match, destination, hop: proxy_route(
                    details.route,
                    match=match,
                    destination=destination,
                    authority="" if mapped.host_mapped else leads_to.authority,
                    timeout=method.integration.timeout,
                    mapped=mapped,
                    verb=verb,
                    hop=hop,
                ),
                complaints,
            )
        except NoEndpoint as problem:
            return self._without_endpoint(method, details, problem, complaints)
        except NotMappable:
            return Compiled(details.error(NOT_IMPLEMENTED, "not_supported"))
        self._refuse_signed_rewrites(end, complaints)
        self.ends.harvest.secrets.update(s for form in mapped.formats for s in form.secrets)
        authority = leads_to.authority if mapped.host_mapped or end.rewrites_host else ""
        assertion = self._assertion(end)
        text = replace(details, assertion=assertion).proxy(mapped, verb, authority, end)
        return Compiled(
            text,
            leads_to.uri,
            rule=end.rule,
            target_groups=end.target_groups,
            route=end.route,
            asserted=assertion is not None,
        )

    def _assertion(self, end: End) -> Assertion | None:
        """What requests to this end carry."""
        assertion = self._stage.assertion
        return assertion if assertion and (assertion.everywhere or end.is_private) else None

    def _refuse_signed_rewrites(self, end: End, complaints: Complaints) -> None:
        """A service that is told which path was signed would refuse another."""
        assertion = self._assertion(end)
        if assertion is None or assertion.binding is not Binding.REQUEST:
            return
        for rule in end.rewriting:
            complaints.add(
                codes.TRANSFORM_INVALID,
                rule.origin,
                f"the rule rewrites targets, and stage {self._stage.name} signs them for the services behind it: "
                "they would refuse every request",
                help="Rewrite the path in the integration's uri, or bind assertions to the caller.",
            )

    def _without_endpoint(
        self, method: Method, details: Details, problem: NoEndpoint, complaints: Complaints
    ) -> Compiled:
        # A placeholder without a value was complained about where it stands.
        if not isinstance(problem, Complained) and "${" not in str(problem):
            complaints.add(
                codes.STAGE_ENDPOINT_INVALID,
                method.integration.origin.child("uri"),
                f"{method.http_method} {method.path.text} has no usable endpoint in stage "
                f"{self._stage.name}: '{problem}'",
                help="As at Amazon, the method answers 500 `Internal server error` there.",
            )
        text = details.error(INTERNAL_ERROR, "invalid_endpoint")
        return Compiled(text, f"500 Invalid endpoint address: {problem}")


def is_inspected(api: RestApi, method: Method) -> bool:
    """Whether the host looks at a body on its way to a backend."""
    if method.integration.kind is not IntegrationKind.HTTP_PROXY:
        return False
    return bool(mapped_bodies(method) or validated_models(api, method))


def _verb(method: Method) -> str:
    """The verb that the backend gets, "" for the client's own."""
    verb = method.integration.http_method
    return "" if verb in ("ANY", method.http_method) else verb
