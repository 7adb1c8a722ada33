"""What a provider's token endpoint and user info endpoint answer, judged."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from gateline.identity.failure import LoginFailed, Reason, known_error
from gateline.identity.id_token import is_subject
from gateline.identity.json_object import is_number, json_object

UNSAID_SECONDS: Final = 3600
"""How long an access token is taken to be good when its provider does not say."""

_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_LONGEST_LIFE: Final = 10 * 366 * 86_400
_AGAIN_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)  # "": none, which only a refresh may leave out
    refresh_token: str = field(repr=False)  # "": none
    seconds: int  # how long the access token is good


def tokens_of(status: int, body: bytes) -> Tokens:
    """The tokens of an answer of the token endpoint.

    Raises:
        LoginFailed: it refused, or its answer is none.

    """
    found = json_object(body)
    if not 200 <= status < 300:
        error = known_error(found.get("error") if found else None)
        reason = Reason.INVALID_GRANT if error == "invalid_grant" else Reason.TOKEN_STATUS
        raise LoginFailed(reason, f"status {status} {error}".rstrip())
    if found is None:
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "no JSON object")
    kind = found.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "token_type")
    access = found.get("access_token")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "access_token")
    refresh, identity = found.get("refresh_token") or "", found.get("id_token") or ""
    if not isinstance(refresh, str) or not isinstance(identity, str):
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "a token that is no text")
    try:
        refresh.encode(), identity.encode("ascii")
    except UnicodeEncodeError:
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "a token that is no text") from None
    seconds = _seconds(found.get("expires_in"))
    return Tokens(access_token=access, id_token=identity, refresh_token=refresh, seconds=seconds)


def is_refusal(status: int) -> bool:
    """Whether a token endpoint says that a refresh token is good no more, rather than to ask again later."""
    return 400 <= status < 500 and status not in _AGAIN_LATER


def claims_of(status: int, body: bytes, subject: str) -> bytes:
    """The claims of an answer of the user info endpoint, as compact JSON.

    Raises:
        LoginFailed: it refused, or its answer is none, or about somebody else than the ID token.

    """
    if not 200 <= status < 300:
        raise LoginFailed(Reason.USER_INFO_STATUS, f"status {status}")
    found = json_object(body)
    if found is None:
        raise LoginFailed(Reason.INVALID_USER_INFO, "no JSON object")
    if not is_subject(found.get("sub")) or found["sub"] != subject:
        raise LoginFailed(Reason.INVALID_USER_INFO, "sub")
    try:
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError):  # half of a surrogate pair, or a number without end
        raise LoginFailed(Reason.INVALID_USER_INFO, "no text") from None


def _seconds(found: object) -> int:
    """`expires_in`: a number of JSON; some providers write it as text."""
    if isinstance(found, str) and _NUMBER.fullmatch(found):
        found = int(found)
    if found is None:
        return UNSAID_SECONDS
    if not is_number(found):
        raise LoginFailed(Reason.INVALID_TOKEN_RESPONSE, "expires_in")
    assert isinstance(found, int | float)
    return max(1, min(int(found), _LONGEST_LIFE))
