"""A host for tests of the script: reads what it is asked, and answers with policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from compile.gateways import (
    DEV,
    api,
    authorized,
    compiled,
    function,
    gateway,
    http_proxy,
    method,
    token_authorizer,
)
from dataplane.simulated_envoy import Headers, SimulatedEnvoy
from gateline.authorizers.answer import read_answer
from gateline.authorizers.wire import encode
from gateline.compile.resources import Resources
from gateline.model.authorizer import Authorizer
from gateline.model.gateway import PathMode
from gateline.model.integration import ParameterMapping
from gateline.model.rest_api import Method, Stage

LATER = 4_000_000_000_000  # milliseconds; an expiry far ahead


def netstrings(*values: str | int) -> str:
    """A list of netstrings, bytes spelled in Latin-1."""
    return "".join(f"{len(str(value))}:{value}" for value in values)


def split(text: str) -> list[str]:
    """The netstrings of a list."""
    found, at = [], 0
    while at < len(text):
        colon = text.index(":", at)
        end = colon + 1 + int(text[at:colon])
        found.append(text[colon + 1 : end])
        at = end
    return found


def policy_reply(
    *statements: Mapping[str, object],
    principal: str = "alice",
    expires: int = LATER,
    context: Mapping[str, object] | None = None,
    usage_key: str = "",
) -> str:
    """What the host answers when the function has answered with these statements."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    grant = read_answer(
        json.dumps(
            {"principalId": principal, "policyDocument": document, "context": dict(context or {})}
        ).encode()
    )
    grants = any(statement["Effect"] == "Allow" for statement in statements)
    entries = [text for pair in grant.context for text in pair]
    return netstrings(
        "policy", expires, int(grants), encode(grant.policy).decode("latin-1"), grant.principal,
        len(grant.context), *entries, usage_key,
    )  # fmt: skip


def allow(*resources: str) -> dict[str, object]:
    """A statement that allows these ARNs."""
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": list(resources)}


def deny(*resources: str) -> dict[str, object]:
    """A statement that denies these ARNs."""
    return {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": list(resources)}


@dataclass(slots=True)
class TestHost:
    """Answers each question with `reply`, and remembers the questions."""

    __test__ = False
    reply: str = ""
    status: str = "200"
    questions: list[list[str]] = field(default_factory=list)

    def __call__(self, question: str) -> tuple[str, str]:
        """Answer one question."""
        self.questions.append(split(question))
        return self.status, self.reply


ARN = "arn:aws:execute-api:us-east-1:123456789012:orders/dev"
GOOD: Headers = [("authorization", "Bearer good")]


def served(
    *methods: Method,
    authorizers: tuple[Authorizer, ...] = (),
    generation: str = "g1",
    stage: Stage = DEV,
    paths: PathMode = PathMode.STRICT,
    request_log: str | None = None,
) -> Resources:
    """An API whose methods are behind an authorizer."""
    chosen = authorizers or (token_authorizer(),)
    project = gateway(
        api(*methods, authorizers=chosen, stages=(stage,)), functions=(function(),), paths=paths
    )
    generations = {f"orders/{stage.name}/{each.name}": generation for each in chosen}
    return compiled(project, generations=generations, request_log=request_log)


def guarded(
    http_method: str = "GET", path: str = "/a/{id}", *mappings: ParameterMapping, by: str = "token"
) -> Method:
    """A method that an authorizer guards."""
    return method(http_method, path, http_proxy("http://b.test/x", *mappings), authorization=authorized(by))


def front(resources: Resources, host: TestHost, **options: bool) -> SimulatedEnvoy:
    """A worker with a host."""
    envoy = SimulatedEnvoy(resources, **options)
    envoy.host = host
    return envoy
