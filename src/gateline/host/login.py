"""Logins: answers `/login` for all rules of balancers that ask who is there (load-balancers.md sections 4 and 5).

`balancer.lua` remembers what lets a request pass; the host sees the first request of a session, one every minute or
so after it, and what browsers bring back from providers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from gateline.functions.places import Places, source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.bearer import Bearer, KeyKeeper
from gateline.host.decisions import now_ms
from gateline.host.login_callback import answer_callback, answer_public_key
from gateline.host.login_question import CALLBACK, JWT, SESSION, LoginQuestion, answers_page, read_question
from gateline.host.login_rule import LoginRule, SealedRenewal
from gateline.host.login_session import answer_session
from gateline.host.once import Once
from gateline.host.provider import Provider
from gateline.host.token_exchange import TokenExchange
from gateline.identity.claims_token import ClaimsSigner
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.seals import Seals
from gateline.identity.session import Session
from gateline.model.hosting import HostConfiguration, HostedLogin
from gateline.model.login import PUBLIC_KEYS_PATH

RENEWED_MS: Final = 5 * 60_000
"""How long a cookie from before a refresh stands for the session after it: answers get lost, tabs lie still."""

LOGGED_IN_MS: Final = 30_000
"""How long a callback that is asked for again gets what it got."""

MOST_ASKED: Final = 2048
"""Questions that are being answered: half of what Envoy lets through to the host, whose authorizers need the rest."""

_TOLD_MS: Final = 10_000  # one failure of a kind is told in this time: anybody can bring some about
_CLIENTS_OWN: Final = frozenset(
    {
        Reason.UNAUTHENTICATED,
        Reason.NO_HOST,
        Reason.LOGIN_TIMEOUT,
        Reason.INVALID_COOKIE,
        Reason.MISSING_CODE,
        Reason.MISSING_STATE,
        Reason.INVALID_STATE,
        Reason.INVALID_JWT,
    }
)
"""No news for an operator."""


@dataclass(frozen=True, slots=True)
class _Configured:
    """What one configuration says. Questions that are being answered keep theirs."""

    rules: dict[str, LoginRule] = field(default_factory=dict)
    bearers: dict[str, Bearer] = field(default_factory=dict)
    seals: Seals | None = None
    signer: ClaimsSigner | None = None


class Logins:
    """Answers for the logins of one configuration after the other. For one event loop."""

    def __init__(self, tell: Tell, *, now: Callable[[], int] = now_ms) -> None:
        self._tell = tell
        self._now = now
        self._providers: dict[str, Provider] = {}
        self._exchanges: dict[HostedLogin, TokenExchange] = {}
        self._key_keepers: dict[tuple[str, str], KeyKeeper] = {}
        self._renewals = Once[SealedRenewal](kept_ms=RENEWED_MS, now=now)
        self._logins = Once[Session](kept_ms=LOGGED_IN_MS, now=now)
        self._configured = _Configured()
        self._told: dict[tuple[str, Reason], int] = {}
        self._places = Places(MOST_ASKED)

    async def configure(self, configuration: HostConfiguration) -> None:
        """Answer for these logins from now on.

        Raises:
            ValueError: a key or a certificate is none; nothing was taken.

        """
        # In a thread: the system's authorities take a moment to read. What asks one of a former configuration keeps it.
        known = self._providers
        self._providers = {
            ca: known[ca] if ca in known else await asyncio.to_thread(Provider, ca)
            for ca in {login.ca for login in configuration.logins}
        }
        made = _Configured()
        if configuration.session_keys and configuration.claims_keys:
            seals = Seals([bytes.fromhex(key) for key in configuration.session_keys])
            signer = ClaimsSigner(configuration.claims_keys)
            made = _Configured(self._rules(configuration.logins, seals, signer), {}, seals, signer)
        made.bearers.update(self._bearers(configuration.logins))
        kept = {rule.hosted: rule.exchange for rule in made.rules.values()}
        self._configured, self._exchanges, self._told = made, kept, {}

    async def __call__(self, body: bytes) -> bytes:
        """The reply to one question.

        Raises:
            NetstringInvalid: the body is no question.

        """
        question = read_question(body)
        try:
            return await self._answer_in_turn(question)
        except LoginFailed as failure:
            self._tell_of(question.login, failure)
            return answers_page(failure.reason.status, reason=failure.reason.text)

    async def close(self) -> None:
        """Close the connections to providers."""
        for provider in self._providers.values():
            await provider.close()

    async def _answer_in_turn(self, question: LoginQuestion) -> bytes:
        """Who waits for a slow provider holds a place, of which one peer gets half at most."""
        source = source_of(question.peer)
        if not self._places.take(source):
            raise LoginFailed(Reason.UNHANDLED, "too many at once")
        try:
            return await self._answer(question)
        finally:
            self._places.leave(source)

    async def _answer(self, question: LoginQuestion) -> bytes:
        configured, now = self._configured, self._now() / 1000
        if question.kind == JWT and (bearer := configured.bearers.get(question.login)):
            return await bearer.answer(question, now)
        if question.kind == SESSION and (rule := configured.rules.get(question.login)):
            return await answer_session(rule, question, now)
        if question.kind == CALLBACK and configured.seals and configured.signer:
            if question.path.startswith(PUBLIC_KEYS_PATH):
                return answer_public_key(configured.signer, question)
            return await answer_callback(configured.rules, configured.seals, question, now)
        raise LoginFailed(Reason.UNHANDLED, "no such login")

    def _rules(
        self, logins: Iterable[HostedLogin], seals: Seals, signer: ClaimsSigner
    ) -> dict[str, LoginRule]:
        return {
            hosted.name: LoginRule(
                hosted=hosted,
                exchange=self._exchanges.get(hosted) or self._exchange(hosted),
                seals=seals,
                signer=signer,
                renewals=self._renewals,
                logins=self._logins,
            )
            for hosted in logins
            if hosted.oidc is not None
        }

    def _exchange(self, hosted: HostedLogin) -> TokenExchange:
        return TokenExchange(hosted, self._providers[hosted.ca], now=self._seconds)

    def _bearers(self, logins: Iterable[HostedLogin]) -> dict[str, Bearer]:
        found = {hosted.name: (hosted, hosted.jwt) for hosted in logins if hosted.jwt is not None}
        places = {(hosted.ca, jwt.jwks_endpoint) for hosted, jwt in found.values()}
        self._key_keepers = {
            (ca, url): self._key_keepers.get((ca, url))
            or KeyKeeper(url, self._providers[ca], now=self._seconds)
            for ca, url in places
        }
        return {
            name: Bearer(jwt, self._key_keepers[hosted.ca, jwt.jwks_endpoint])
            for name, (hosted, jwt) in found.items()
        }

    def _seconds(self) -> float:
        return self._now() / 1000

    def _tell_of(self, login: str, failure: LoginFailed) -> None:
        if failure.reason in _CLIENTS_OWN:
            return
        now, kind = self._now(), (login, failure.reason)
        if now - self._told.get(kind, -_TOLD_MS) >= _TOLD_MS:
            self._told[kind] = now
            self._tell(Trouble(f"login {login.partition(' ')[0]}", "", str(failure)))
