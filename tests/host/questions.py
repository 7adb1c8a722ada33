"""What the script asks the host, and functions that answer what a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateline.dataplane.netstring import NetstringReader, NetstringWriter
from gateline.functions.answer import Answer, Returned
from gateline.functions.speech import Said, Trouble
from gateline.host.aws_service import AwsServices
from gateline.host.bodies import Bodies
from gateline.host.configuration import NOWHERE
from gateline.host.directory import Directory, Find
from gateline.host.egress import Egress
from gateline.host.invoke import Invoke, Refused, refusal
from gateline.host.service import Service
from gateline.host.turns import Turns
from gateline.host.usage import Claim
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.authorizer import AuthorizerKind
from gateline.model.function import Function, FunctionKind
from gateline.model.hosting import HostConfiguration, HostedAuthorizer, HostedMethod, HostedStage

if TYPE_CHECKING:
    from gateline.host.integrate import Integrate

ARN = "arn:aws:execute-api:us-east-1:123456789012:shop/prod/GET/orders"
ALLOW = json.dumps(
    {
        "principalId": "ann",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}],
        },
        "context": {"level": 3},
    }
).encode()
DENY = ALLOW.replace(b"Allow", b"Deny")


def configuration(
    *authorizers: HostedAuthorizer, function: str = "orders", is_post: bool = True
) -> HostConfiguration:
    """One stage, `shop/prod`, with GET /orders."""
    return HostConfiguration(
        functions=(Function(name="authorizer", kind=FunctionKind.PYTHON, handler="a.b", origin=NOWHERE),),
        stages=(
            HostedStage(
                scope="shop/prod",
                api_id="shop",
                stage="prod",
                account_id="123456789012",
                region="us-east-1",
                revision="rev1",
                authorizers=authorizers,
                methods=(
                    HostedMethod(
                        route="shop/prod GET /orders",
                        resource="/orders",
                        resource_id="abc",
                        function=function,
                        is_post=is_post,
                    ),
                ),
            ),
        ),
    )


def authorizer(
    kind: AuthorizerKind = AuthorizerKind.TOKEN, *, ttl: int = 300, validation: str = ""
) -> HostedAuthorizer:
    """The authorizer `tokens`."""
    return HostedAuthorizer(name="tokens", kind=kind, function="authorizer", ttl=ttl, validation=validation)


def described(*, source_ip: str = "192.0.2.7", route: str = "shop/prod GET /orders") -> bytes:
    """CALL: a GET of /orders."""
    writer = NetstringWriter()
    writer.put("shop/prod", route, "request-1", "Root=1-2-3", "GET", "/prod/orders", "/orders", "a=1")
    writer.put("shop.localhost", source_ip, "HTTP/1.1")
    writer.put_pairs([])
    writer.put("", "")
    writer.put_pairs([])
    writer.put("", "")  # no API key
    writer.put("rev1")
    return writer.data


def question(
    caller: str = "token",
    *,
    scope: str = "shop/prod",
    name: str = "tokens",
    may_be_kept: bool = True,
    source_ip: str = "192.0.2.7",
    key: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The body of POST /authorize."""
    if key is None:
        of_key = NetstringWriter()
        of_key.put(scope, name, "generation-1", caller)
        key = of_key.data
    writer = NetstringWriter()
    writer.put(scope, name, key, int(may_be_kept), ARN, caller)
    writer.put("request-1", source_ip, described(source_ip=source_ip))
    writer.put_pairs(list((headers or {}).items()))
    return writer.data


def made_service(functions: StandIn, *, egress: Path = Path("nowhere")) -> Service:
    """A service that asks these functions, with nothing else behind it unless a test says so."""
    return Service(
        functions, functions.told.append, usage=NoLeases(), egress=Egress(egress), aws=AwsServices({})
    )


def invoking(functions: StandIn, find: Find) -> Invoke:
    """`/invoke` of such a service, at the time 1."""

    def integrate() -> Integrate:
        raise AssertionError

    return Invoke(functions, find, functions.told.append, turns=Turns(), integrate=integrate, now=lambda: 1)


async def answered(
    invoke: Invoke, call: bytes, headers: tuple[tuple[bytes, bytes], ...] = (), body: bytes = b""
) -> ProxyResponse:
    """What a client gets whose request is handed on, if there is a place for it."""
    try:
        with invoke.place(call) as invocation, Bodies().body("") as room:
            return await invoke(invocation, headers, body, room)
    except Refused:
        return refusal()


def read_reply(reply: bytes) -> list[str]:
    """The first parts of a reply: all of a refusal, and kind, expiry and grants of a policy."""
    reader = NetstringReader(reply)
    parts = [reader.take_text()]
    if parts[0] == "policy":
        parts += [reader.take_text(), reader.take_text()]
        reader.take()
        parts.append(reader.take_text())
        parts += [f"{name.decode()}={value.decode()}" for name, value in reader.take_pairs()]
        parts += [text for text in (reader.take_text(),) if text]  # usageIdentifierKey
    elif parts[0] == "failure":
        parts.append(reader.take_text())
    reader.end()
    return parts


class NoLeases:
    """Counts nothing: no quota is asked for."""

    async def lease(self, claim: Claim) -> int:
        """None is ever granted."""
        raise AssertionError(claim)


@dataclass
class StandIn:
    """Functions that answer what they are told to, when they are told to."""

    answer: Answer | Callable[[bytes], Answer] = field(default_factory=lambda: Returned(ALLOW))
    events: list[dict[str, object]] = field(default_factory=list)
    called: list[tuple[str, str, str]] = field(default_factory=list)  # name, request id, invoked ARN
    configured: list[tuple[tuple[Function, ...], Mapping[str, str]]] = field(default_factory=list)
    told: list[Said | Trouble] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    broken_off: int = 0

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def configure(self, functions: tuple[Function, ...], revisions: Mapping[str, str]) -> None:
        self.configured.append((functions, revisions))

    async def invoke(
        self,
        name: str,
        event: bytes,
        *,
        request_id: str,
        invoked_arn: str = "",
        source: str = "",  # noqa: ARG002
    ) -> Answer:
        self.events.append(json.loads(event))
        self.called.append((name, request_id, invoked_arn))
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        return self.answer(event) if callable(self.answer) else self.answer


def directory(*authorizers: HostedAuthorizer) -> Callable[[], Directory]:
    """The directory of such a configuration."""
    found = Directory(configuration(*authorizers))
    return lambda: found
