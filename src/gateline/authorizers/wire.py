"""The policy text: a policy as `dataplane/lua/policy.lua` reads it, a list of netstrings.

Number of statements, and for each: `D` or `A`; `1` for NotResource, else `0`; number of resources, the globs;
number of conditions, and for each: operator, flags (`n` negated, `i` ignores case, `e` IfExists), key, number of
values, the values. Statements that deny come first.
"""

from __future__ import annotations

from gateline.authorizers.conditions import Condition
from gateline.authorizers.policy import Effect, Policy, Statement


def encode(policy: Policy) -> bytes:
    """The policy text."""
    values: list[str] = [str(len(policy.statements))]
    for statement in in_order(policy):
        values += ["D" if statement.effect is Effect.DENY else "A", "1" if statement.negated else "0"]
        values += [str(len(statement.resources)), *statement.resources, str(len(statement.conditions))]
        for condition in statement.conditions:
            values += [condition.operator.value, flags(condition), condition.key]
            values += [str(len(condition.values)), *condition.values]
    return b"".join(b"%d:%b" % (len(each), each) for each in (value.encode() for value in values))


def in_order(policy: Policy) -> list[Statement]:
    """The statements in the order in which they are judged."""
    return sorted(policy.statements, key=lambda statement: statement.effect is Effect.ALLOW)


def flags(condition: Condition) -> str:
    """The letters that say how a condition is judged."""
    return (
        ("n" if condition.negated else "")
        + ("i" if condition.ignores_case else "")
        + ("e" if condition.if_exists else "")
    )
