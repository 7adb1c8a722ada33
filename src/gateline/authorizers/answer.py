"""An authorizer's answer: read to the letter of api-gateway.md sections 10.2 and 10.4, or invalid as a whole."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from gateline.authorizers.element import AnswerInvalid, is_printable, object_of, quoted, text_of, wrong
from gateline.authorizers.policy import Policy, read_policy
from gateline.authorizers.wire import encode

ANSWER_LIMIT: Final = 65_536
"""Bytes of a whole answer."""

CONTEXT_LIMIT: Final = 8_192
"""Bytes of principal, context and usageIdentifierKey together: they go into headers and into every kept decision."""


_REMEMBERED: Final = 256  # documents, so that reading them again costs nothing
_REMEMBERED_LENGTH: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an authorizer said of a caller."""

    principal: str
    policy: Policy
    policy_text: bytes = b""  # as `wire.encode` makes it
    context: tuple[tuple[str, str], ...] = ()  # values as texts: true, 1, 1.5
    usage_identifier_key: str = ""


def read_answer(payload: bytes) -> Grant:
    """Read a function's answer, as JSON text. Raises AnswerInvalid when it is anything but a good one."""
    if len(payload) > ANSWER_LIMIT:
        raise AnswerInvalid(f"the answer has more than {ANSWER_LIMIT} bytes")
    answer = object_of(_json(payload), "the answer")
    for name in ("principalId", "policyDocument"):
        if name not in answer:
            raise AnswerInvalid(f"the answer: expected {name}")
    principal = _printable(answer["principalId"], "principalId")
    context = _context(answer.get("context"))
    identifier = answer.get("usageIdentifierKey")
    usage_key = "" if identifier is None else _printable(identifier, "usageIdentifierKey")
    size = len(principal.encode()) + sum(len(key.encode()) + len(value.encode()) for key, value in context)
    if size + len(usage_key.encode()) > CONTEXT_LIMIT:
        raise AnswerInvalid(
            f"principalId, context and usageIdentifierKey have more than {CONTEXT_LIMIT} bytes"
        )
    policy, policy_text = _policy(answer["policyDocument"])
    return Grant(
        principal=principal,
        policy=policy,
        policy_text=policy_text,
        context=context,
        usage_identifier_key=usage_key,
    )


def _policy(document: object) -> tuple[Policy, bytes]:
    """The policy of a document. Most callers of an authorizer get one of a few, which are read once."""
    text = json.dumps(document)
    return _policy_of(text) if len(text) <= _REMEMBERED_LENGTH else _written(read_policy(document))


@lru_cache(maxsize=_REMEMBERED)
def _policy_of(text: str) -> tuple[Policy, bytes]:
    return _written(read_policy(json.loads(text)))


def _written(policy: Policy) -> tuple[Policy, bytes]:
    return policy, encode(policy)


def _json(payload: bytes) -> object:
    try:
        return _DECODER.decode(payload.decode("utf-8"))
    except UnicodeDecodeError:
        raise AnswerInvalid("the answer is not UTF-8") from None
    except (ValueError, RecursionError):
        raise AnswerInvalid("the answer is not JSON") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """IAM takes no element twice, and two readers of one text must not see different policies."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AnswerInvalid("the answer: an object has the same key twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise AnswerInvalid(f"the answer: {name} is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise AnswerInvalid("the answer: a number that no double holds")
    return value


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)


def _printable(value: object, where: str) -> str:
    text = text_of(value, where)
    if not is_printable(text):
        raise AnswerInvalid(f"{where}: a control character")
    return text


def _is_plain(text: str) -> bool:
    return text.isascii() and is_printable(text)


def _context(value: object) -> tuple[tuple[str, str], ...]:
    """The context, its values as texts; null is the context of clients that always send one."""
    if value is None:
        return ()
    entries = []
    for key, each in object_of(value, "context").items():
        if type(each) is str and _is_plain(key) and _is_plain(each):  # nearly always; the rest is slower
            entries.append((key, each))
            continue
        where = f"context.{quoted(key)}"
        if not isinstance(each, str | int | float):
            raise wrong(where, "text, a number or a boolean", each)
        text = each if isinstance(each, str) else json.dumps(each)
        entries.append((_printable(key, where), _printable(text, where)))
    return tuple(entries)
