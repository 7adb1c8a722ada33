"""Judgement: a policy against one request, with a reason for each statement (`gateline authorize`).

The same judgement as `dataplane/lua/policy.lua` makes in Envoy; tests/dataplane/test_policy_agreement.py compares
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateline.authorizers.element import quoted
from gateline.authorizers.facts import Facts, holds
from gateline.authorizers.glob import Steps, matches
from gateline.authorizers.policy import WORK_LIMIT, Effect, Ignored, Policy, Statement
from gateline.authorizers.values import VALUE_LIMIT
from gateline.authorizers.wire import in_order

ARN_LIMIT: Final = 1600
"""Bytes of a method ARN (Amazon's bound, DESIGN D15); a longer one is allowed nothing."""


class Verdict(StrEnum):
    """What becomes of the request."""

    ALLOW = "allow"
    DENY = "deny"  # no statement allows it
    EXPLICIT_DENY = "explicit_deny"  # a statement denies it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One statement of the answer: whether it applies to the request, and why."""

    index: int
    sid: str
    effect: Effect
    applies: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict, the statement that decided it (None: none applies), and all statements in the answer's order."""

    verdict: Verdict
    decided_by: int | None
    statements: tuple[Judged, ...]


def judge(policy: Policy, arn: str, readings: Sequence[str], facts: Facts) -> Judgement:
    """Judge a request by its method ARN and the ARNs of other readings of its path.

    A reading can only take away: a Deny counts for any of them, an Allow for the ARN itself, and what NotResource
    takes out of an Allow is taken out of all.
    """
    judged = [
        Judged(
            index=each.index,
            sid=each.sid,
            effect=each.effect,
            applies=False,
            reason=f"left out: {each.reason}",
        )
        for each in policy.ignored
    ]
    arns = [each.encode("utf-8", "surrogateescape") for each in (arn, *readings)]
    unjudged = ""
    if len(arns[0]) > ARN_LIMIT:
        unjudged = f"not looked at: the method ARN has more than {ARN_LIMIT} bytes"
    elif readings and policy.wide_weight * len(arns) > WORK_LIMIT:
        unjudged = "not looked at: the path can be read in more ways than this policy can be judged with"
    if unjudged:
        judged += [_judged(each, applies=False, reason=unjudged) for each in policy.statements]
        judged.sort(key=lambda each: each.index)
        return Judgement(verdict=Verdict.DENY, decided_by=None, statements=tuple(judged))
    steps, verdict, decided_by = Steps(), None, None
    for statement in in_order(policy):
        applies, reason = _applies(statement, arns, facts, Steps() if verdict else steps)
        if verdict is None and (applies or steps.left <= 0):
            decided_by = statement.index
            if steps.left <= 0:
                applies = statement.effect is Effect.DENY
                reason = "judging takes too many steps: counted against the request"
            if statement.effect is Effect.DENY:
                verdict = Verdict.EXPLICIT_DENY
            else:
                verdict = Verdict.ALLOW if applies else Verdict.DENY
        judged.append(_judged(statement, applies=applies, reason=reason))
    judged.sort(key=lambda each: each.index)
    return Judgement(verdict=verdict or Verdict.DENY, decided_by=decided_by, statements=tuple(judged))


def _judged(statement: Statement | Ignored, *, applies: bool, reason: str) -> Judged:
    return Judged(
        index=statement.index, sid=statement.sid, effect=statement.effect, applies=applies, reason=reason
    )


def _applies(statement: Statement, arns: Sequence[bytes], facts: Facts, steps: Steps) -> tuple[bool, str]:
    if statement.is_unlimited:
        return True, "'*' matches every method ARN"
    covered, reason = _covers(statement, arns, steps)
    if not covered:
        return False, reason
    for condition in statement.conditions:
        if not holds(condition, facts, steps):
            absent = facts.find(condition.key) is None
            return (
                False,
                f"{condition.shown} does not hold{': the request has no such key' if absent else ''}",
            )
    if statement.left_out:
        reason += f"; {statement.left_out[0].shown} is not looked at: no request can say what this key is"
    elif statement.conditions:
        reason += ", and every condition holds"
    return True, reason


def _covers(statement: Statement, arns: Sequence[bytes], steps: Steps) -> tuple[bool, str]:
    """Whether a statement is about the request's ARN, or about one that its path may be read as."""
    is_deny = statement.effect is Effect.DENY
    considered = arns if statement.is_wide else arns[:1]
    found = ""
    for number, arn in enumerate(considered):
        glob = next((each for each in statement.resources if matches(each.encode(), arn, steps)), None)
        covered = (glob is None) is statement.negated
        element = "NotResource" if statement.negated else "Resource"
        read_as = f", the path read as {quoted(arn.decode('utf-8', 'replace'), ARN_LIMIT)}" if number else ""
        found = f"no {element} matches" if glob is None else f"{element} {quoted(glob, VALUE_LIMIT)} matches"
        found += read_as
        if covered is is_deny:
            return covered, found
    return not is_deny, found
