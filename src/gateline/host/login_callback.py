"""What is answered before all rules of a listener with a login: the provider's callback, and the public keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from gateline.host.login_question import LoginQuestion, answers, answers_page, redirects
from gateline.host.login_rule import LoginRule, Visit, key_of
from gateline.host.login_session import kept_cookies
from gateline.identity import session, state
from gateline.identity.claims_token import ClaimsSigner
from gateline.identity.cookies import nonce_of, parsed, shard_names
from gateline.identity.failure import LoginFailed, Reason, known_error
from gateline.identity.seals import Seals
from gateline.identity.session import Session
from gateline.model.login import CALLBACK_PATH, PUBLIC_KEYS_PATH

_MOST_PARAMETERS: Final = 30
_LONGEST_CODE: Final = 4096
_READ: Final = frozenset({"GET", "HEAD"})


def answer_public_key(signer: ClaimsSigner, question: LoginQuestion) -> bytes:
    """A public key of x-amzn-oidc-data, by its `kid`."""
    if question.method not in _READ:
        return answers_page(405)
    key = signer.public_key(question.path.partition("?")[0].removeprefix(PUBLIC_KEYS_PATH))
    if key is None:
        return answers_page(404)
    return answers(200, [("content-type", "text/plain"), ("cache-control", "public, max-age=3600")], key)


async def answer_callback(
    rules: Mapping[str, LoginRule], seals: Seals, question: LoginQuestion, now: float
) -> bytes:
    """A browser that comes from the provider: to where it began, with a session.

    Args:
        rules: by their names.
        seals: what states are sealed with.
        question: its `login` names the listener, or any login of it.
        now: seconds since the epoch.

    Raises:
        LoginFailed: the client is to get its page.

    """
    path, _, query = question.path.partition("?")
    if path != CALLBACK_PATH:
        return answers_page(404)
    if question.method != "GET":
        return answers_page(405)
    authority = state.checked_authority(question.authority)
    parameters = _parameters(query)
    if "error" in parameters:
        raise LoginFailed(Reason.PROVIDER_ERROR, known_error(parameters["error"]))
    if not (text := parameters.get("state", "")):
        raise LoginFailed(Reason.MISSING_STATE)
    cookies = parsed(question.cookies)
    begun = state.opened(text, seals, authority=authority, browser_nonce=nonce_of(cookies), now=now)
    rule = rules.get(begun.login)
    if rule is None or rule.hosted.listener != question.login.partition("/")[0]:
        raise LoginFailed(Reason.INVALID_STATE)
    if parameters.get("iss", rule.oidc.issuer) != rule.oidc.issuer:  # RFC 9207
        raise LoginFailed(Reason.INVALID_STATE)
    code = parameters.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise LoginFailed(Reason.MISSING_CODE)

    async def log_in() -> Session:
        return await rule.exchange.log_in(begun, code, question.peer)

    held = await rule.logins.run(key_of(rule.hosted.name, text, code), log_in)
    sealed = session.sealed(held, rule.seals, session.purpose(rule.hosted, authority))
    # Which shards are left of another session is not told here: the callback is no business of one login.
    left = dict.fromkeys(shard_names(rule.oidc.session_cookie_name), "")
    visit = Visit(rule=rule, question=question, authority=authority, cookies=left, now=now)
    return redirects(begun.location, kept_cookies(visit, sealed))


def _parameters(query: str) -> dict[str, str]:
    """The parameters of a callback; one that is said twice may be meant in two ways.

    Raises:
        LoginFailed: there is such a one, or too many.

    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise LoginFailed(Reason.INVALID_STATE) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise LoginFailed(Reason.INVALID_STATE)
    return found
