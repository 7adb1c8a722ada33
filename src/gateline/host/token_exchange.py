"""What is asked of a provider for a login: a code becomes a session, a session that has ended a new one."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from urllib.parse import quote_plus, urlencode

from gateline.functions.places import Places, source_of
from gateline.host.provider import (
    AnswerTooLarge,
    Provider,
    ProviderReply,
    ProviderTimeout,
    ProviderUnreachable,
)
from gateline.identity.authentication_request import redirect_uri
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.id_token import subject_of
from gateline.identity.provider_answer import Tokens, claims_of, is_refusal, tokens_of
from gateline.identity.session import Session, ends_after
from gateline.identity.state import LoginState
from gateline.model.hosting import HostedLogin
from gateline.model.login import OidcLogin

MOST_WAITING: Final = 512
"""Logins of one rule that are under way at the provider, or wait for their turn; and as many refreshes."""

Result = TypeVar("Result")

_AT_ONCE: Final = 64
_PATIENCE: Final = 4.0  # seconds that a login waits for its turn
_LARGEST_TOKENS: Final = 64 * 1024
_LARGEST_CLAIMS: Final = 16 * 1024


class SessionOver(Exception):
    """The provider does not go on with a session: the user must log in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A session after its refresh. `failure`: its claims could not be had; it is to be refreshed again."""

    session: Session
    failure: LoginFailed | None = None


class TokenExchange:
    """Asks the provider of one login. For one event loop."""

    def __init__(self, login: HostedLogin, provider: Provider, *, now: Callable[[], float]) -> None:
        assert login.oidc is not None
        self._oidc: OidcLogin = login.oidc
        self._secret = login.client_secret
        self._provider = provider
        self._now = now
        # Apart: who is logged in already is not to wait behind those who make up codes.
        self._logins = _Turns()
        self._refreshes = _Turns()

    async def log_in(self, state: LoginState, code: str, peer: str) -> Session:
        """The session that a code stands for.

        Raises:
            LoginFailed: it stands for none, or the provider cannot be asked.

        """
        return await self._logins.take(peer, lambda: self._log_in(state, code))

    async def refresh(self, session: Session, peer: str) -> Renewed:
        """The session with a new access token and new claims.

        Raises:
            SessionOver: the provider does not give any more, or not for this user.
            LoginFailed: the provider cannot be asked now.

        """
        return await self._refreshes.take(peer, lambda: self._refresh(session))

    async def _log_in(self, state: LoginState, code: str) -> Session:
        oidc, now = self._oidc, self._now()
        tokens = await self._tokens(
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri(state.authority)),
            ("code_verifier", state.verifier),
        )
        if not tokens.id_token:
            raise LoginFailed(Reason.INVALID_ID_TOKEN, "there is none: the scope must hold openid")
        subject = subject_of(tokens.id_token, oidc, nonce=state.nonce, now=self._now())
        told = await self._user_info(tokens.access_token)
        return Session(
            subject=subject,
            claims=claims_of(told.status, told.body, subject),
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            access_ends=ends_after(now, tokens.seconds),
            ends=ends_after(now, oidc.session_timeout.total_seconds()),
        ).checked()

    async def _refresh(self, session: Session) -> Renewed:
        now = self._now()
        tokens = await self._refreshed_tokens(session)
        fresh = replace(
            session,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or session.refresh_token,
            access_ends=ends_after(now, tokens.seconds),
        )
        try:
            return Renewed(session=await self._with_claims(fresh))
        except LoginFailed as failure:
            if failure.reason is Reason.INVALID_USER_INFO:
                raise SessionOver from None
            # The old refresh token may be spent: the session is kept, and its next request tries again.
            return Renewed(session=replace(fresh, access_ends=0).checked(), failure=failure)

    async def _refreshed_tokens(self, session: Session) -> Tokens:
        parameters = (("grant_type", "refresh_token"), ("refresh_token", session.refresh_token))
        reply = await self._token_reply(*parameters)
        if is_refusal(reply.status):
            raise SessionOver
        try:
            tokens = tokens_of(reply.status, reply.body)
            if tokens.id_token:
                subject = subject_of(tokens.id_token, self._oidc, nonce=None, now=self._now())
                if subject != session.subject:
                    raise SessionOver
        except LoginFailed as failure:
            if failure.reason in {Reason.INVALID_TOKEN_RESPONSE, Reason.INVALID_ID_TOKEN}:
                raise SessionOver from None
            raise
        return tokens

    async def _with_claims(self, session: Session) -> Session:
        reply = await self._user_info(session.access_token)
        if is_refusal(reply.status):
            raise SessionOver
        return replace(session, claims=claims_of(reply.status, reply.body, session.subject)).checked()

    async def _tokens(self, *parameters: tuple[str, str]) -> Tokens:
        reply = await self._token_reply(*parameters)
        return tokens_of(reply.status, reply.body)

    async def _token_reply(self, *parameters: tuple[str, str]) -> ProviderReply:
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if self._secret:
            headers.append(("Authorization", _basic(self._oidc.client_id, self._secret)))
            said: Sequence[tuple[str, str]] = parameters
        else:  # a public client names itself (RFC 6749 section 4.1.3)
            said = (*parameters, ("client_id", self._oidc.client_id))
        try:
            return await self._provider.ask(
                "POST",
                self._oidc.token_endpoint,
                headers=headers,
                body=urlencode(said).encode(),
                largest=_LARGEST_TOKENS,
            )
        except ProviderTimeout as error:
            raise LoginFailed(Reason.TOKEN_TIMEOUT, str(error)) from None
        except ProviderUnreachable as error:
            raise LoginFailed(Reason.TOKEN_FAILED, str(error)) from None
        except AnswerTooLarge:
            raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "too large") from None

    async def _user_info(self, access_token: str) -> ProviderReply:
        try:
            return await self._provider.ask(
                "GET",
                self._oidc.user_info_endpoint,
                headers=[("Authorization", f"Bearer {access_token}")],
                largest=_LARGEST_CLAIMS,
            )
        except ProviderTimeout as error:
            raise LoginFailed(Reason.USER_INFO_TIMEOUT, str(error)) from None
        except ProviderUnreachable as error:
            raise LoginFailed(Reason.USER_INFO_FAILED, str(error)) from None
        except AnswerTooLarge:
            raise LoginFailed(Reason.USER_INFO_SIZE) from None


class _Turns:
    """So many at a time, so many waiting, and of each peer at most as many as there are places left."""

    def __init__(self) -> None:
        self._places = Places(MOST_WAITING)
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def take(self, peer: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the work, done when its turn comes.

        Raises:
            LoginFailed: there is no place.

        """
        source = source_of(peer)
        if not self._places.take(source):
            raise LoginFailed(Reason.TOKEN_FAILED, "too many at once")
        try:
            async with asyncio.timeout(_PATIENCE) as turn, self._free:
                turn.reschedule(None)  # whatever is asked has a limit of its own
                return await work()
        except TimeoutError:
            raise LoginFailed(Reason.TOKEN_TIMEOUT, "no turn") from None
        finally:
            self._places.leave(source)


def _basic(client_id: str, secret: str) -> str:
    """client_secret_basic: both are form-encoded first (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
