"""POST /authorize: what a Lambda authorizer says to one request, asked once for all who wait for it.

Whatever goes wrong is an answer too, `failure` with a reason, and it is never kept: Envoy answers 500 to it.
Neither tokens nor a function's words stand in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from gateline.authorizers.answer import Grant, read_answer
from gateline.authorizers.element import AnswerInvalid
from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.functions.places import source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.assertions import Assertions, Context, NotSigned
from gateline.host.decisions import Busy, Decisions, now_ms
from gateline.host.directory import Entry, Find, invoked_arn
from gateline.host.store import Decision
from gateline.integrations.call import read_call, wire_text
from gateline.integrations.context import Circumstances
from gateline.integrations.event import request_event, token_event
from gateline.model.assertion import Binding
from gateline.model.authorizer import AuthorizerKind

UNAUTHORIZED: Final = "Unauthorized"
"""What a function raises, to the letter, when a caller is not to be told more than 401 (api-gateway.md 10.2)."""


class Functions(Protocol):
    """What of `gateline.functions.catalogue.Functions` is used here."""

    async def invoke(
        self, name: str, event: bytes, *, request_id: str, invoked_arn: str = "", source: str = ""
    ) -> Answer:
        """Hand an event to a function and wait for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the script asks."""

    scope: str
    authorizer: str
    key: bytes
    may_be_kept: bool
    method_arn: str
    token: str
    request_id: str
    source_ip: str
    call: bytes  # empty for a TOKEN authorizer, whose event needs nothing of it
    headers: tuple[tuple[bytes, bytes], ...]


def read_question(body: bytes) -> Question:
    """Read a request of the script.

    Raises:
        NetstringInvalid: it is none.

    """
    values = split(body)
    if len(values) < _FIXED or not values[_FIXED - 1].isdigit():
        raise NetstringInvalid("too few values")
    if len(values) != _FIXED + 2 * int(values[_FIXED - 1]) or values[3] not in _FLAGS:
        raise NetstringInvalid("not the values of a question")
    scope, authorizer, key, kept, arn, token, request_id, source_ip, call = values[: _FIXED - 1]
    headers = values[_FIXED:]
    return Question(
        scope=scope.decode(),
        authorizer=authorizer.decode(),
        key=key,
        may_be_kept=kept == b"1",
        method_arn=wire_text(arn),
        token=wire_text(token),
        request_id=request_id.decode(),
        source_ip=source_ip.decode(),
        call=call,
        headers=tuple(zip(headers[::2], headers[1::2], strict=True)),
    )


_FIXED: Final = 10
"""Values before the headers; the last one is their count."""

_FLAGS: Final = (b"0", b"1", b"")


def failure(reason: str) -> Decision:
    """No decision, and why."""
    return Decision(_list("failure", reason))


class Authorize:
    """Answers the script's questions."""

    def __init__(
        self,
        functions: Functions,
        decisions: Decisions,
        find: Find,
        tell: Tell,
        *,
        assertions: Assertions | None = None,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self._assertions = assertions or Assertions(now=now)
        self._functions = functions
        self._decisions = decisions
        self._find = find
        self._tell = tell
        self._now = now
        self._slow: set[str] = set()  # authorizers whose expressions ran out of time: told once

    async def __call__(self, body: bytes) -> bytes:
        """The reply to one question.

        Raises:
            ValueError: the body is no question.

        """
        question = read_question(body)
        entry = self._find().authorizer(question.scope, question.authorizer)
        if entry is None or not question.key.startswith(entry.beginning):
            return failure("unknown_authorizer").reply
        shared = question.may_be_kept and entry.authorizer.ttl > 0
        kept = self._decisions.kept(question.key) if shared else None
        if kept is not None:
            return self._asserted(entry, kept)
        if not self._fits(entry, question):
            return _list("unauthorized")

        async def ask() -> Decision:
            return await self._ask(entry, question)

        try:
            source = source_of(question.source_ip)
            decision = await self._decisions.decide(question.key, source, ask, shared=shared)
            return self._asserted(entry, decision)
        except Busy:
            return failure("busy").reply

    def _asserted(self, entry: Entry, decision: Decision) -> bytes:
        """The reply, with an assertion in front where the stage has them and the decision lets anything through.

        Without a key the reply comes alone: the script refuses what should have carried one.
        """
        assertion = entry.stage.assertion
        if not decision.grants or assertion is None or assertion.binding is not Binding.CALLER:
            return decision.reply
        try:
            signed = self._assertions.for_caller(entry.stage, *_caller(decision.reply))
        except NotSigned:
            return decision.reply
        writer = NetstringWriter()
        writer.put("asserted", signed.token, signed.until, signed.audience)
        return writer.data + decision.reply

    def _fits(self, entry: Entry, question: Question) -> bool:
        if entry.validation is None or entry.authorizer.kind is not AuthorizerKind.TOKEN:
            return True
        fits = entry.validation.matches(question.token)
        if fits is None:
            self._tell_slow(entry, question)
        return fits is True

    def _tell_slow(self, entry: Entry, question: Question) -> None:
        if entry.name not in self._slow:
            self._slow.add(entry.name)
            text = (
                f"the validation expression of {entry.name} takes too long on some tokens, which are refused: "
                "write it without nested repetitions"
            )
            self._tell(Trouble(entry.authorizer.function, question.request_id, text))

    async def _ask(self, entry: Entry, question: Question) -> Decision:
        event = self._event(entry, question)
        if event is None:
            return failure("unknown_authorizer")
        function = entry.authorizer.function
        answer = await self._functions.invoke(
            function,
            event,
            request_id=question.request_id,
            invoked_arn=invoked_arn(entry.stage, function),
            source=source_of(question.source_ip),
        )
        match answer:
            case Returned(payload=payload):
                return self._granted(entry, payload, question)
            case Raised(message=message):
                return (
                    Decision(_list("unauthorized")) if message == UNAUTHORIZED else failure("function_error")
                )
            case Failed(fault=fault):
                return failure(_REASONS[fault])

    def _event(self, entry: Entry, question: Question) -> bytes | None:
        if entry.authorizer.kind is AuthorizerKind.TOKEN:
            return token_event(token=question.token, method_arn=question.method_arn)
        call = read_call(question.call)
        found = self._find().method(call.scope, call.revision, call.route)
        if found is None:
            return None
        stage, method = found
        circumstances = Circumstances(call=call, stage=stage, method=method, epoch_ms=self._now())
        return request_event(circumstances, question.headers, method_arn=question.method_arn)

    def _granted(self, entry: Entry, payload: bytes, question: Question) -> Decision:
        try:
            grant = read_answer(payload)
        except AnswerInvalid as error:
            text = f"authorizer {entry.name}: its answer is malformed: {error}"
            self._tell(Trouble(entry.authorizer.function, question.request_id, text))
            return failure("malformed_answer")
        ttl = entry.authorizer.ttl
        return _decision(grant, self._now() + ttl * 1000 if ttl else 0)


_REASONS: Final = {
    Fault.TIMEOUT: "function_timeout",
    Fault.CRASHED: "function_error",
    Fault.NOT_STARTED: "function_down",
    Fault.BUSY: "busy",
    Fault.TOO_LARGE: "malformed_answer",
    Fault.UNREACHABLE: "function_down",
    Fault.UNKNOWN: "function_down",
    Fault.INVALID: "function_error",
}


def _decision(grant: Grant, expires: int) -> Decision:
    writer = NetstringWriter()
    writer.put("policy", expires, int(grant.policy.grants), grant.policy_text, grant.principal)
    writer.put_pairs(grant.context)
    writer.put(grant.usage_identifier_key)
    return Decision(writer.data, expires=expires, grants=grant.policy.grants)


def _caller(reply: bytes) -> tuple[str, Context]:
    """The principal and the context in what `_decision` has written."""
    values = split(reply)
    principal, count = values[4], int(values[5])
    pairs = [value.decode() for value in values[6 : 6 + 2 * count]]
    return principal.decode(), tuple(zip(pairs[::2], pairs[1::2], strict=True))


def _list(*values: str) -> bytes:
    writer = NetstringWriter()
    writer.put(*values)
    return writer.data
