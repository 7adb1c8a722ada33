"""Asking a Lambda authorizer about one request, as the host does it for Envoy, with every step kept to be shown."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateline.authorizers.answer import Grant, read_answer
from gateline.authorizers.element import AnswerInvalid
from gateline.authorizers.facts import Facts
from gateline.authorizers.judgement import Judgement, Verdict, judge
from gateline.authorizers.readings import readings
from gateline.cli.addressing import Addressed
from gateline.cli.invocation import first_line, invoke_once
from gateline.functions.answer import Answer, Failed, Raised, Returned
from gateline.host.authorize import UNAUTHORIZED
from gateline.host.directory import invoked_arn
from gateline.integrations.call import Call
from gateline.integrations.context import Circumstances
from gateline.integrations.event import request_event, token_event
from gateline.model.arn import method_arn
from gateline.model.authorizer import Authorizer, AuthorizerKind
from gateline.model.function import Function
from gateline.model.hosting import HostedAuthorizer, HostedMethod, HostedStage
from gateline.templates.expression import Expression

Headers = Sequence[tuple[str, str]]

_HEADER: Final = "method.request.header."
_PLACES: Final[Mapping[str, str]] = {
    "method.request.header.": "multiValueHeaders",
    "method.request.multivalueheader.": "multiValueHeaders",
    "method.request.querystring.": "multiValueQueryStringParameters",
    "method.request.multivaluequerystring.": "multiValueQueryStringParameters",
}
_SINGLE: Final = (_HEADER, "method.request.querystring.")
"""Sources that stand for one value, as `SINGLE` in `authorize.lua`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One identity source and what the request has for it; None: nothing, or nothing but empty text."""

    source: str
    value: str | None
    is_twice: bool = False  # there are several, and `paths: strict` wants one


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that is known of the question: `status` is 200 when the request may pass, else what the client gets."""

    method_arn: str
    identity: tuple[Identity, ...] = ()
    event: bytes = b""
    answer: Answer | None = None  # None: the function was not called
    grant: Grant | None = None
    judgement: Judgement | None = None
    status: int
    why: str
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """What it takes to ask: the request, its headers, the stage, and who decides."""

    request: Addressed
    headers: Headers
    source_ip: str
    is_secure: bool
    port: int
    is_strict: bool
    stage: HostedStage
    authorizer: Authorizer
    hosted: HostedAuthorizer
    function: Function
    method: HostedMethod

    def ask(self) -> Asked:
        """Call the function, unless the request does not say who the caller is, and judge its policy."""
        arn = self.method_arn
        is_token = self.hosted.kind is AuthorizerKind.TOKEN
        event = b"" if is_token else self._request_event(arn)
        identity = self._token() if is_token else _identities(self.authorizer, json.loads(event))
        told = Asked(method_arn=arn, identity=identity, status=401, why="", body='{"message":"Unauthorized"}')
        for each in identity:
            if each.value is None:
                return replace(told, why=f"the request has no {each.source}, so the function is not called")
            if each.is_twice and self.is_strict:
                why = f"the request has {each.source} twice, so the function is not called (paths: strict)"
                return replace(told, status=400, why=why, body=_BAD_REQUEST)
        if is_token:
            token = identity[0].value or ""
            if self.hosted.validation and not Expression(self.hosted.validation).matches(token):
                return replace(told, why=f"the token does not fit {self.hosted.validation}")
            event = token_event(token=token, method_arn=arn)
        answer = invoke_once(self.function, event, invoked_arn=invoked_arn(self.stage, self.function.name))
        return self._judged(replace(told, event=event, answer=answer), answer)

    @property
    def method_arn(self) -> str:
        """What the request asks for, as policies name it."""
        return self._arn(self.request.path)

    def _arn(self, path: str) -> str:
        stage = self.stage
        return method_arn(
            account=stage.account_id,
            region=stage.region,
            api=stage.api_id,
            stage=stage.stage,
            verb=self.request.verb,
            path=path,
        )

    def _token(self) -> tuple[Identity, ...]:
        (source,) = self.authorizer.identity_sources
        return (Identity(source=source, value=_header(self.headers, source.removeprefix(_HEADER)) or None),)

    def _request_event(self, arn: str) -> bytes:
        request, is_secure = self.request, self.is_secure
        trace = uuid.uuid4().hex
        call = Call(
            scope=self.stage.scope,
            route=self.method.route,
            request_id=str(uuid.uuid4()),
            trace_id=f"Root=1-{trace[:8]}-{trace[8:]}",
            verb=request.verb,
            full_path=request.full_path,
            path=request.told_path,
            query=request.query.encode("utf-8", "surrogateescape"),
            authority=request.authority,
            source_ip=self.source_ip,
            protocol="HTTP/1.1",
            path_parameters=request.found.path_parameters if request.found else (),
        )
        came = (("X-Forwarded-Proto", "https" if is_secure else "http"), ("X-Forwarded-Port", str(self.port)))
        sent = [*self.headers, *came]
        raw = tuple((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in sent)
        now = time.time_ns() // 1_000_000
        circumstances = Circumstances(call=call, stage=self.stage, method=self.method, epoch_ms=now)
        return request_event(circumstances, raw, method_arn=arn)

    def _judged(self, told: Asked, answer: Answer) -> Asked:
        failed = replace(told, status=500, body='{"message":null}')
        match answer:
            case Raised(message=message) if message == UNAUTHORIZED:
                return replace(told, why=f"the function raised '{UNAUTHORIZED}'")
            case Raised(error_type=error_type, message=message):
                return replace(failed, why=f"the function raised {error_type}: {message}")
            case Failed(fault=fault, detail=detail):
                return replace(failed, why=f"the function did not answer ({fault}): {first_line(detail)}")
            case Returned(payload=payload):
                pass
        try:
            grant = read_answer(payload)
        except AnswerInvalid as error:
            return replace(failed, why=f"the function's answer is malformed: {error}")
        others = readings(self.request.path)
        if others is None:
            return replace(
                told, grant=grant, status=400, why="the path can be read in too many ways", body=_BAD_REQUEST
            )
        judgement = judge(
            grant.policy, told.method_arn, [self._arn_of_reading(path) for path in others], self._facts()
        )
        return _decided(replace(told, grant=grant, judgement=judgement))

    def _arn_of_reading(self, path: str) -> str:
        """The ARN with a slash at the end left on: a backend may tell the two apart."""
        return self._arn("/") + path.removeprefix("/")

    def _facts(self) -> Facts:
        return Facts(
            source_ip=self.source_ip,
            now_ms=time.time_ns() // 1_000_000,
            secure_transport=self.is_secure,
            user_agent=_header(self.headers, "user-agent"),
            referer=_header(self.headers, "referer"),
        )


_BAD_REQUEST: Final = '{"message":"Bad Request"}'
_NOT_AUTHORIZED: Final = "User is not authorized to access this resource"


def _decided(told: Asked) -> Asked:
    assert told.judgement is not None
    match told.judgement.verdict:
        case Verdict.ALLOW:
            return replace(told, status=200, why="a statement allows it and none denies it", body="")
        case Verdict.EXPLICIT_DENY:
            body = json.dumps({"Message": f"{_NOT_AUTHORIZED} with an explicit deny"}, separators=(",", ":"))
            return replace(told, status=403, why="a statement denies it", body=body)
        case _:
            body = json.dumps({"Message": _NOT_AUTHORIZED}, separators=(",", ":"))
            return replace(told, status=403, why="no statement allows it", body=body)


def _header(headers: Headers, name: str) -> str | None:
    """A header's value; several of the name are one with commas, as Envoy makes them."""
    values = [value for key, value in headers if key.lower() == name.lower()]
    return ",".join(values) if values else None


def _identities(authorizer: Authorizer, event: dict[str, Any]) -> tuple[Identity, ...]:
    found = ((source, _values(source, event)) for source in authorizer.identity_sources)
    return tuple(
        Identity(
            source=source,
            value=(values[-1] if values else "") or None,  # the last counts where there can be only one
            is_twice=len(values) > 1 and source.startswith(_SINGLE),
        )
        for source, values in found
    )


def _values(source: str, event: dict[str, Any]) -> list[str]:
    """The values of an identity source, as the event has them."""
    for prefix, key in _PLACES.items():
        if source.startswith(prefix):
            name = source.removeprefix(prefix)
            found = [values for each, values in event[key].items() if _is_same(each, name, key)]
            return [str(each) for each in found[0]] if found else []
    kind, _, path = source.partition(".")
    value: Any = event["stageVariables" if kind == "stageVariables" else "requestContext"]
    for part in [path] if kind == "stageVariables" else path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return [] if value is None else [str(value)]


def _is_same(key: str, name: str, place: str) -> bool:
    return key.lower() == name.lower() if place == "multiValueHeaders" else key == name
