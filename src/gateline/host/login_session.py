"""A request to a rule with a login: who has a session passes, who has none is treated as the rule says."""

from __future__ import annotations

from typing import Final

from gateline.host.login_question import ANONYMOUS, LoginQuestion, answers_page, passes, redirects
from gateline.host.login_rule import LoginRule, SealedRenewal, Visit, key_of
from gateline.host.token_exchange import SessionOver
from gateline.identity import claims_token, session, state
from gateline.identity.authentication_request import authentication_request
from gateline.identity.cookies import (
    NONCE_SECONDS,
    joined,
    nonce_of,
    parsed,
    session_cookies,
    set_cookie,
    shards,
)
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.session import Session
from gateline.model.login import NONCE_COOKIE, OnUnauthenticated

OLD_COOKIE_SECONDS: Final = 5
"""How long the script may answer for a cookie from before a refresh; who comes later gets the new one once more."""

_MARGIN_SECONDS: Final = 30  # x-amzn-oidc-data is to be good for a while when the service reads it


async def answer_session(rule: LoginRule, question: LoginQuestion, now: float) -> bytes:
    """The reply.

    Raises:
        LoginFailed: the client is to get its page.

    """
    visit = Visit(
        rule=rule,
        question=question,
        authority=state.checked_authority(question.authority),
        cookies=parsed(question.cookies),
        now=now,
    )
    purpose = session.purpose(rule.hosted, visit.authority)
    text = joined(visit.cookies, rule.oidc.session_cookie_name)
    found = session.opened(text, rule.seals, purpose) if text else None
    if found is None or text is None or now >= found.ends:
        return _without(visit, had_one=found is not None, reason=_reason(text))
    if not found.needs_refresh(now):
        return _held(visit, found)
    try:
        renewal = await _renewed(visit, found, text, purpose)
    except SessionOver:
        return _without(visit, had_one=True, reason=Reason.UNAUTHENTICATED)
    except LoginFailed:
        if rule.oidc.on_unauthenticated is OnUnauthenticated.ALLOW:
            return ANONYMOUS
        raise
    return _renewal_reply(visit, renewal)


def _reason(text: str | None) -> Reason:
    return Reason.UNAUTHENTICATED if text is None else Reason.INVALID_COOKIE


def _held(visit: Visit, held: Session, *, set_now: tuple[str, ...] = ()) -> bytes:
    """The request passes, with the identity of the session."""
    rule, now = visit.rule, visit.now
    until = min(held.ends, now + claims_token.LIFE - _MARGIN_SECONDS)
    if held.refresh_token:
        until = min(until, held.access_ends)
    if set_now:
        until = min(until, now + OLD_COOKIE_SECONDS)
    return passes(
        int(until * 1000),
        data=rule.signer.sign(held.claims, rule.hosted, now),
        subject=held.subject,
        access_token=held.access_token,
        cookies=set_now,
    )


async def _renewed(visit: Visit, found: Session, text: str, purpose: str) -> SealedRenewal:
    """What the session has become, at the provider's or lately; each refresh token is used once.

    Raises:
        SessionOver: the user must log in again.
        LoginFailed: the provider cannot be asked now.

    """
    rule = visit.rule
    latest: SealedRenewal | None = None
    while (known := rule.renewals.remembered(key_of(purpose, text))) is not None:
        latest, found, text = known, known.renewed.session, known.sealed
    if latest is not None and not found.needs_refresh(visit.now):
        return latest

    async def refresh() -> SealedRenewal:
        renewed = await rule.exchange.refresh(found, visit.question.peer)
        return SealedRenewal(renewed, session.sealed(renewed.session, rule.seals, purpose))

    return await rule.renewals.run(key_of(purpose, text), refresh)


def _renewal_reply(visit: Visit, renewal: SealedRenewal) -> bytes:
    set_now = kept_cookies(visit, renewal.sealed)
    failure = renewal.renewed.failure
    if failure is None:
        return _held(visit, renewal.renewed.session, set_now=set_now)
    if visit.rule.oidc.on_unauthenticated is OnUnauthenticated.ALLOW:
        return ANONYMOUS
    return answers_page(failure.reason.status, set_now, reason=failure.reason.text)


def kept_cookies(visit: Visit, sealed: str) -> tuple[str, ...]:
    """The Set-Cookie values of a session.

    Raises:
        LoginFailed: it does not fit into its cookies.

    """
    name = visit.rule.oidc.session_cookie_name
    pieces = shards(name, sealed)
    if pieces is None:
        raise LoginFailed(Reason.CLAIMS_SIZE, "more than the cookies hold")
    return session_cookies(name, pieces, visit.cookies, visit.now, cross_origin=visit.is_cross_origin)


def _without(visit: Visit, *, had_one: bool, reason: Reason) -> bytes:
    """There is no session. `had_one`: there was, and it is over: `deny` asks to log in again only then."""
    match visit.rule.oidc.on_unauthenticated:
        case OnUnauthenticated.ALLOW:
            return ANONYMOUS
        case OnUnauthenticated.DENY if not had_one:
            raise LoginFailed(reason)
        case _:
            return _to_provider(visit)


def _to_provider(visit: Visit) -> bytes:
    """To the provider. A browser that has a nonce keeps it: each of its tabs may be logging in."""
    rule, now = visit.rule, visit.now
    nonce = nonce_of(visit.cookies) or state.new_browser_nonce()
    begun = state.begun(rule.hosted.name, visit.authority, visit.question.path, nonce, now)
    location = authentication_request(rule.oidc, begun, state.sealed(begun, rule.seals))
    cookie = set_cookie(NONCE_COOKIE, nonce, now + NONCE_SECONDS, cross_origin=visit.is_cross_origin)
    return redirects(location, (cookie,))
