"""Bearer tokens of clients, judged by the key sets of their issuers, which are fetched and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gateline.host.login_question import LoginQuestion, passes
from gateline.host.provider import AnswerTooLarge, Provider, ProviderUnreachable
from gateline.identity.bearer import LARGEST_KEY_SET, KeySet, ends_of, is_canonical, kid_of, token_in
from gateline.identity.failure import LoginFailed, Reason
from gateline.model.login import JwtValidation

FRESH_SECONDS: Final = 300.0
"""After this a key set is fetched again, while the old one serves on."""

KEPT_SECONDS: Final = 3600.0
"""How long the old one serves when no new one can be had."""

POLITE_SECONDS: Final = 10.0
"""Between two fetches for tokens of unknown keys, which anybody can make up."""

RETRY_SECONDS: Final = 2.0
"""Between two fetches while there is no key set at all."""

_REMEMBERED_SECONDS: Final = 300.0  # by the script: a key that its issuer has taken back counts no longer


class Bearer:
    """Judges tokens for one rule. For one event loop."""

    def __init__(self, asked: JwtValidation, keys: KeyKeeper) -> None:
        self._asked = asked
        self._keys = keys

    async def answer(self, question: LoginQuestion, now: float) -> bytes:
        """The reply to a question.

        Raises:
            LoginFailed: no token that is good; or nobody can say whether it is.

        """
        token = token_in(question.authorization)
        kid = kid_of(token)
        candidates = (await self._keys.latest(now)).candidates(kid)
        if not candidates:
            candidates = (await self._keys.newer(now)).candidates(kid)
        ends = ends_of(token, candidates, self._asked, now)
        if not is_canonical(question.authorization, token):
            return passes(0)  # a client makes up as many forms as it likes, and the memory is everybody's
        return passes(int(min(ends, now + _REMEMBERED_SECONDS) * 1000))


class KeyKeeper:
    """Keeps the key set of one place. For one event loop."""

    def __init__(self, url: str, provider: Provider, *, now: Callable[[], float]) -> None:
        self._url = url
        self._provider = provider
        self._now = now
        self._set: KeySet | None = None
        self._fetched = self._tried = float("-inf")
        self._fetching: asyncio.Task[KeySet] | None = None

    async def latest(self, now: float) -> KeySet:
        """The key set as it is known.

        Raises:
            LoginFailed: it cannot be had.

        """
        age = now - self._fetched
        if self._set is None or not 0 <= age < KEPT_SECONDS:
            if self._fetching is None and 0 <= now - self._tried < RETRY_SECONDS:
                raise LoginFailed(Reason.JWKS_UNAVAILABLE, "it could not be had a moment ago")
            return await asyncio.shield(self._fetch(now))
        if age >= FRESH_SECONDS and now - self._tried >= POLITE_SECONDS:
            self._fetch(now)  # nobody waits for it
        return self._set

    async def newer(self, now: float) -> KeySet:
        """The key set, fetched anew unless that was done lately: the issuer may have a new key.

        Raises:
            LoginFailed: it cannot be had.

        """
        if self._fetching is None and self._set is not None and 0 <= now - self._tried < POLITE_SECONDS:
            return self._set
        return await asyncio.shield(self._fetch(now))

    def _fetch(self, now: float) -> asyncio.Task[KeySet]:
        if self._fetching is None:
            self._tried = now
            self._fetching = asyncio.get_running_loop().create_task(self._fetched_set())
            self._fetching.add_done_callback(self._over)
        return self._fetching

    async def _fetched_set(self) -> KeySet:
        try:
            reply = await self._provider.ask("GET", self._url, headers=(), largest=LARGEST_KEY_SET)
        except ProviderUnreachable as error:
            raise LoginFailed(Reason.JWKS_UNAVAILABLE, str(error)) from None
        except AnswerTooLarge:
            raise LoginFailed(Reason.JWKS_UNAVAILABLE, "too large") from None
        if reply.status != 200:
            raise LoginFailed(Reason.JWKS_UNAVAILABLE, f"status {reply.status}")
        found = KeySet(reply.body)
        self._set, self._fetched = found, self._now()
        return found

    def _over(self, task: asyncio.Task[KeySet]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # fetched: nobody may be left to hear it
