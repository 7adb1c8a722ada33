"""Assertions: signed for each caller once in a while, or for each request (docs/decisions/0020-assertions.md).

A caller's is kept for a part of its life, whoever asks: all workers of Envoy, `/authorize`, `/assert`, and integrations
that the host performs itself.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateline.host.decisions import now_ms
from gateline.model.assertion import AssertionKey
from gateline.model.hosting import HostConfiguration, HostedStage
from gateline.model.secret import Secret

if TYPE_CHECKING:
    from gateline.authority.assertion import SentRequest, Signer

Context = tuple[tuple[str, str], ...]

SENT_MS: Final = 50_000
"""How long a token is sent, of the minute that it lives: a request takes a while to its service."""

KEPT_MS: Final = 25_000
"""How long a token is given to whoever asks: each gets one that can be sent for a while yet."""

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of tokens that are kept."""

_OVERHEAD: Final = 400  # what one takes beside its token


class NotSigned(Exception):
    """There is no key to sign with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A token, and until when it may be sent (milliseconds since the epoch)."""

    token: str
    until: int
    audience: str


class Assertions:
    """Signs for the stages of one configuration after the other. For one event loop."""

    def __init__(self, *, now: Callable[[], int] = now_ms, largest: int = LARGEST) -> None:
        self._now = now
        self._largest = largest
        self._issuer = ""
        self._kid = ""
        self._signer: Signer | None = None
        self._kept: OrderedDict[tuple[str, str, str, Context], Signed] = OrderedDict()
        self._size = 0

    async def configure(self, configuration: HostConfiguration) -> None:
        """Sign with this configuration's key from now on. What was signed before stays good for its time.

        Raises:
            ValueError: the key is none.

        """
        if configuration.assertion_kid != self._kid:
            # In a thread: the library that signs takes a moment to load.
            self._signer = await asyncio.to_thread(_signer, configuration)
            self._kid = configuration.assertion_kid
        if configuration.assertion_issuer != self._issuer:
            self._issuer = configuration.assertion_issuer
            self._kept.clear()
            self._size = 0

    def for_caller(self, stage: HostedStage, principal: str, context: Context) -> Signed:
        """The token of a caller of a stage: one that was signed lately, or a new one.

        Raises:
            NotSigned: there is no key.

        """
        assert stage.assertion is not None
        key = (stage.scope, stage.assertion.audience, principal, context)
        now = self._now()
        kept = self._kept.get(key)
        if kept is not None and now < kept.until - SENT_MS + KEPT_MS:
            return kept
        token = self._sign(stage, principal, context, None, now)
        signed = Signed(token=token, until=now // 1000 * 1000 + SENT_MS, audience=stage.assertion.audience)
        self._keep(key, signed)
        return signed

    def for_request(self, stage: HostedStage, principal: str, context: Context, request: SentRequest) -> str:
        """The token of one request. Any thread may ask.

        Raises:
            NotSigned: there is no key.

        """
        return self._sign(stage, principal, context, request, self._now())

    def _sign(
        self, stage: HostedStage, principal: str, context: Context, request: SentRequest | None, now: int
    ) -> str:
        signer = self._signer
        if signer is None:
            raise NotSigned
        from gateline.authority.assertion import Claims  # noqa: PLC0415 - `configure` has it already

        assert stage.assertion is not None
        claims = Claims(
            issuer=self._issuer,
            audience=stage.assertion.audience,
            principal=principal,
            scope=stage.scope,
            context=dict(context),
            request=request,
        )
        return signer.sign(claims, now / 1000)

    def _keep(self, key: tuple[str, str, str, Context], signed: Signed) -> None:
        """Keep the newest behind all others; the oldest give way, over or not."""
        self._drop(key)
        self._kept[key] = signed
        self._size += _size(signed)
        while self._size > self._largest or self._first_is_over():
            self._drop(next(iter(self._kept)))

    def _first_is_over(self) -> bool:
        first = next(iter(self._kept.values()), None)
        return first is not None and first.until < self._now()

    def _drop(self, key: tuple[str, str, str, Context]) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._size -= _size(dropped)


def _signer(configuration: HostConfiguration) -> Signer | None:
    if not configuration.assertion_kid:
        return None
    from gateline.authority.assertion import Signer  # noqa: PLC0415 - most configurations have no assertions

    secret = Secret("the key of assertions", configuration.assertion_key.encode("ascii"))
    return Signer(AssertionKey(kid=configuration.assertion_kid, private_key=secret))


def _size(signed: Signed) -> int:
    return 2 * len(signed.token) + _OVERHEAD  # the key says the same as the token
