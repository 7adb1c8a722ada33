"""Folding: a balancer's rules, judged at compile time against what is known of a mapped request (DESIGN D5).

A rule judges the request as the integration sends it. Much of that is known when a stage is compiled: the host,
often the path and the verb, every header that a mapping writes. What is not stays as an open condition of the
rule's route, which Envoy judges on the second pass, after `gateway.lua` has authorized and mapped. A rule that
cannot apply is dropped, and the first that always does ends the list.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateline.compile import rule_pattern
from gateline.compile.rule_pattern import Pattern
from gateline.expressions.automaton import automaton
from gateline.model.load_balancer import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    Listener,
    PathPattern,
    QueryString,
    Rule,
    SourceIp,
)
from gateline.model.secret import SecretRef

GATEWAY_ADDRESS: Final = ipaddress.ip_address("127.0.0.1")
"""The peer of a balancer behind an integration is the gateway, not its client (load-balancers.md section 16.6)."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A header that the gateway writes: text and secrets in order. No parts: the backend does not get it."""

    parts: tuple[str | SecretRef, ...]


@dataclass(frozen=True, slots=True)
class FromClient:
    """A header that the request may have; `default` is what the gateway adds where it has none."""

    default: str | None = None


HeaderKnowledge = Fixed | FromClient


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """What is known of a request behind an integration. None, in `host`, `verb` and `path`, is what is not."""

    host: str | None  # without port, lower case
    verb: str | None
    path: tuple[str | None, ...]  # pieces, without the query
    header: Callable[[str], HeaderKnowledge]  # by name in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRule:
    """A rule that may decide: when its open conditions hold, and none of the `absent` headers is there."""

    rule: Rule
    conditions: tuple[Condition, ...] = ()
    absent: tuple[str, ...] = ()


def fold(listener: Listener, request: KnownRequest) -> tuple[OpenRule, ...]:
    """The rules that may decide about a request, in order. The last one has no open condition.

    Two of them may be the same rule: a header's default is judged apart from what a client sends.
    """
    left: list[OpenRule] = []
    for rule in listener.rules:
        for alternative in _alternatives(rule, request):
            left.append(alternative)
            if not alternative.conditions and not alternative.absent:
                return tuple(left)
    return tuple(left)


def plain_text_for_secret(listener: Listener, request: KnownRequest) -> tuple[tuple[Rule, str], ...]:
    """Rules that compare a header with plain text while a mapping writes a secret into it: they never apply."""
    found = []
    for rule in listener.rules:
        for condition in rule.conditions:
            if not isinstance(condition, HttpHeader):
                continue
            known = request.header(condition.name.lower())
            is_secret = isinstance(known, Fixed) and any(isinstance(part, SecretRef) for part in known.parts)
            if is_secret and not any(isinstance(value, SecretRef) for value in condition.values):
                found.append((rule, condition.name))
    return tuple(found)


def rules_on_forwarded(listener: Listener) -> tuple[Rule, ...]:
    """Rules with a condition on X-Forwarded-For, which a request gets when its route is chosen already."""
    return tuple(
        rule
        for rule in listener.rules
        if any(
            isinstance(each, HttpHeader) and each.name.lower() == "x-forwarded-for"
            for each in rule.conditions
        )
    )


def holds_gateway(condition: SourceIp) -> bool:
    """Whether a condition on the source address holds for requests from integrations."""
    return any(GATEWAY_ADDRESS in ipaddress.ip_network(value, strict=False) for value in condition.values)


def _alternatives(rule: Rule, request: KnownRequest) -> list[OpenRule]:
    """The ways in which a rule can apply: none, one, or more where headers have defaults."""
    ways = [OpenRule(rule=rule)]
    for condition in rule.conditions:
        ways = [
            OpenRule(
                rule=rule, conditions=(*way.conditions, *left.conditions), absent=(*way.absent, *left.absent)
            )
            for way in ways
            for left in _left_of(condition, request)
        ]
    return ways


@dataclass(frozen=True, slots=True)
class _Left:
    """What of a condition the request itself must show."""

    conditions: tuple[Condition, ...] = ()
    absent: tuple[str, ...] = ()


_ALWAYS: Final = (_Left(),)
_NEVER: Final = ()


def _left_of(condition: Condition, request: KnownRequest) -> tuple[_Left, ...]:
    """The ways in which a condition can hold: `_ALWAYS`, `_NEVER`, or what is left to see."""
    match condition:
        case HostHeader(values=values, regex_values=regexes):
            if (host := request.host) is None:
                return (_Left((condition,)),)
            fits = any(_fits(value.lower(), host) for value in values)
            is_name = not host.startswith("[")  # rule_match.host_regex takes no colon
            return _holds(
                fits or (is_name and any(automaton(each, fold=True).fits(host) for each in regexes))
            )
        case PathPattern():
            return _path(condition, request.path)
        case HttpRequestMethod(values=values):
            return (_Left((condition,)),) if request.verb is None else _holds(request.verb in values)
        case SourceIp():
            return _holds(holds_gateway(condition))
        case QueryString():
            return (_Left((condition,)),)  # a client's query is always passed on
        case HttpHeader():
            return _header(condition, request)


def _holds(answer: bool) -> tuple[_Left, ...]:
    return _ALWAYS if answer else _NEVER


def _path(condition: PathPattern, pieces: tuple[str | None, ...]) -> tuple[_Left, ...]:
    path = rule_pattern.text(pieces)
    patterns: Mapping[str, Pattern] = {value: rule_pattern.pattern(value) for value in condition.values}
    regexes = {each: automaton(each).over(pieces) for each in condition.regex_values}
    if any(rule_pattern.fits_always(pattern, path) for pattern in patterns.values()):
        return _ALWAYS
    if any(every for _, every in regexes.values()):
        return _ALWAYS
    open_ones = tuple(value for value, pattern in patterns.items() if rule_pattern.may_fit(pattern, path))
    open_regexes = tuple(each for each, (some, _) in regexes.items() if some)
    return (_Left((PathPattern(open_ones, open_regexes),)),) if open_ones or open_regexes else _NEVER


def _header(condition: HttpHeader, request: KnownRequest) -> tuple[_Left, ...]:
    known = request.header(condition.name.lower())
    if isinstance(known, Fixed):
        return _holds(_is_of(known, condition))
    # A secret that no mapping of this method writes is not there: clients cannot send it.
    written = tuple(value for value in condition.values if isinstance(value, str))
    ways = []
    left = HttpHeader(condition.name, written, condition.regex_values)
    if written or left.regex_values:
        ways.append(_Left((left,)))
    if known.default is not None and _fits_header(left, known.default):
        ways.append(_Left(absent=(condition.name.lower(),)))
    return tuple(ways)


def _is_of(known: Fixed, condition: HttpHeader) -> bool:
    """A secret is compared by its name, never by what it holds; plain text never equals one."""
    if any(isinstance(value, SecretRef) and known.parts == (value,) for value in condition.values):
        return True
    if not known.parts or any(isinstance(part, SecretRef) for part in known.parts):
        return False
    return _fits_header(condition, "".join(part for part in known.parts if isinstance(part, str)))


def _fits_header(condition: HttpHeader, found: str) -> bool:
    """Whether a text fits, or what stands between commas of it: as Envoy judges it (rule_match.py)."""
    parts = found.split(",")
    stretches = {
        ",".join(parts[begin:end]).strip(" \t")
        for begin in range(len(parts))
        for end in range(begin + 1, len(parts) + 1)
    }
    globs = [value.lower() for value in condition.values if isinstance(value, str)]
    judges = [automaton(each, fold=True) for each in condition.regex_values]
    return any(
        any(_fits(glob, stretch.lower()) for glob in globs) or any(judge.fits(stretch) for judge in judges)
        for stretch in stretches
    )


def _fits(value: str, found: str) -> bool:
    return rule_pattern.fits_always(rule_pattern.pattern(value), rule_pattern.text((found,)))
