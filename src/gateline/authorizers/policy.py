"""Policies: what an authorizer allows and denies, validated and brought to one form (api-gateway.md 10.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateline.authorizers.conditions import Condition, read_conditions
from gateline.authorizers.element import AnswerInvalid, list_of, object_of, quoted, text_of, wrong
from gateline.authorizers.glob import Steps, matches, weight
from gateline.authorizers.values import bounded, pattern

ACTION: Final = "execute-api:Invoke"
"""The action of every request."""

WORK_LIMIT: Final = 1000
"""Comparisons, by weight, that judging a request may take; the script then stays below 100,000 instructions."""

READINGS: Final = 5
"""ARNs of one request that every policy can be judged with: its own, and those of other readings of its path.

With more, the policy must be smaller, or the request is allowed nothing.
"""

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_POLICY_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_ACTION_FORM: Final = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


class Effect(StrEnum):
    """What a statement does when it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that can apply to requests: its actions hold execute-api:Invoke."""

    index: int  # its place in the answer
    sid: str = ""
    effect: Effect
    negated: bool = False  # NotResource
    resources: tuple[str, ...]  # globs, runs of `*` merged
    conditions: tuple[Condition, ...] = ()
    left_out: tuple[Condition, ...] = ()  # of a Deny: on unknown keys; without them it applies more often

    @property
    def is_wide(self) -> bool:
        """Whether it is compared with every reading of a path, not with the method ARN alone."""
        return self.effect is Effect.DENY or self.negated

    @property
    def weight(self) -> int:
        """What comparing its resources with one ARN takes."""
        return sum(weight(glob) for glob in self.resources)

    @property
    def is_unlimited(self) -> bool:
        """Whether it applies to every request."""
        return not self.negated and not self.conditions and "*" in self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A statement that can never apply here, and why; only explanations show it."""

    index: int
    sid: str
    effect: Effect
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as it is judged: the statements in the order in which the answer has them."""

    statements: tuple[Statement, ...]
    ignored: tuple[Ignored, ...] = ()

    @property
    def wide_weight(self) -> int:
        """What comparing takes for each reading of a path."""
        return sum(each.weight for each in self.statements if each.is_wide)

    @property
    def grants(self) -> bool:
        """Whether any statement allows something."""
        return any(each.effect is Effect.ALLOW for each in self.statements)


def read_policy(document: object, where: str = "policyDocument") -> Policy:
    """The policy of a `policyDocument`. Raises AnswerInvalid where IAM would not take it, or we cannot judge it."""
    policy = object_of(document, where)
    _check_elements(policy, _POLICY_ELEMENTS, where)
    version = policy.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise AnswerInvalid(f"{where}.Version: expected 2012-10-17 or 2008-10-17")
    if "Id" in policy:
        text_of(policy["Id"], f"{where}.Id")
    if "Statement" not in policy:
        raise AnswerInvalid(f"{where}: expected a Statement")
    kept: list[Statement] = []
    ignored: list[Ignored] = []
    for index, (value, place) in enumerate(list_of(policy["Statement"], f"{where}.Statement")):
        read = _statement(object_of(value, place), index, place, has_variables=version == _VERSIONS[0])
        if isinstance(read, Statement):
            kept.append(read)
        else:
            ignored.append(read)
    if sum(_work(each) for each in kept) > WORK_LIMIT:
        raise AnswerInvalid(
            f"{where}: too much to judge for each request. A resource counts as 1, under Deny or as NotResource "
            f"as {READINGS}; a value of a condition as 1; each four * as one more; together at most {WORK_LIMIT}"
        )
    return Policy(statements=tuple(kept), ignored=tuple(ignored))


def _work(statement: Statement) -> int:
    """What judging a statement takes with as many readings of a path as every policy must stand."""
    values = sum(weight(value) for each in statement.conditions for value in each.values)
    return statement.weight * (READINGS if statement.is_wide else 1) + values


def _check_elements(block: dict[str, object], known: frozenset[str], where: str) -> None:
    for name in block:
        if name not in known:
            why = " (the policy of an authorizer names no principals)" if name.endswith("Principal") else ""
            raise AnswerInvalid(f"{where}: an unknown element {quoted(name)}{why}")


def _statement(
    block: dict[str, object], index: int, where: str, *, has_variables: bool
) -> Statement | Ignored:
    _check_elements(block, _STATEMENT_ELEMENTS, where)
    sid = text_of(block["Sid"], f"{where}.Sid") if "Sid" in block else ""
    effect = next((each for each in Effect if each.value == block.get("Effect")), None)
    if effect is None:
        raise AnswerInvalid(f"{where}.Effect: expected Allow or Deny, in these letters")
    covers = _covers_invoke(block, where)
    name = _one_of(block, "Resource", "NotResource", where)
    resources = tuple(
        _resource(value, place, has_variables=has_variables)
        for value, place in list_of(block[name], f"{where}.{name}")
    )
    conditions = (
        read_conditions(block["Condition"], f"{where}.Condition", has_variables=has_variables)
        if "Condition" in block
        else ()
    )
    unknown = tuple(each for each in conditions if not each.is_known)
    reason = ""
    if not covers:
        reason = f"its actions do not hold {ACTION}"
    elif unknown and effect is Effect.ALLOW:
        reason = f"{unknown[0].shown}: no request can say what this key is"
    if reason:
        return Ignored(index=index, sid=sid, effect=effect, reason=reason)
    return Statement(
        index=index,
        sid=sid,
        effect=effect,
        negated=name == "NotResource",
        resources=resources,
        conditions=tuple(each for each in conditions if each.is_known),
        left_out=unknown,
    )


def _one_of(block: dict[str, object], name: str, negated: str, where: str) -> str:
    if (name in block) == (negated in block):
        raise AnswerInvalid(f"{where}: expected either {name} or {negated}")
    return name if name in block else negated


def _covers_invoke(block: dict[str, object], where: str) -> bool:
    """Whether the statement is about execute-api:Invoke; the case of letters does not matter."""
    name = _one_of(block, "Action", "NotAction", where)
    found = False
    for value, place in list_of(block[name], f"{where}.{name}"):
        action = bounded(value, place)
        if not _ACTION_FORM.fullmatch(action):
            raise AnswerInvalid(f"{place}: expected an action such as {ACTION}, or *")
        glob = pattern(action, place, has_variables=False).lower().encode()
        found = found or matches(glob, ACTION.lower().encode(), Steps())
    return found is (name == "Action")


def _resource(value: object, where: str, *, has_variables: bool) -> str:
    """A glob over method ARNs. What can never be the beginning of an ARN is refused, as IAM does."""
    if not isinstance(value, str) or not value:
        raise wrong(where, "an ARN or *", value)
    glob = pattern(bounded(value, where), where, has_variables=has_variables)
    begin = re.split(r"[*?]", glob, maxsplit=1)[0]
    if not (begin.startswith("arn:") or (begin != glob and "arn:".startswith(begin))):
        raise AnswerInvalid(f"{where}: expected an ARN (arn:aws:execute-api:...) or *")
    return glob
