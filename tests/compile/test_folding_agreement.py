"""Folding leaves nothing out and adds nothing: what is left decides as all rules would, by a plain judge of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from compile.balancers import fixed, listener, rule
from gateline.compile.folding import Fixed, FromClient, HeaderKnowledge, KnownRequest, OpenRule, fold
from gateline.model.load_balancer import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    Rule,
    SourceIp,
)
from gateline.model.secret import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as a balancer behind an integration gets it. A header of a SecretRef holds that secret."""

    host: str
    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str | SecretRef]


def fits(glob: str, text: str, *, fold_case: bool = False) -> bool:
    """`*` any text, `?` one character."""
    wild = {"*": ".*", "?": "."}
    regex = "".join(wild.get(character) or re.escape(character) for character in glob)
    return re.fullmatch(regex, text, re.IGNORECASE if fold_case else 0) is not None


def expressed(regex: str, text: str, *, fold_case: bool = False) -> bool:
    return re.fullmatch(regex, text, re.IGNORECASE if fold_case else 0) is not None


def header_holds(condition: HttpHeader, value: str | SecretRef | None) -> bool:
    if value is None:
        return False
    if isinstance(value, SecretRef):
        return value in condition.values
    stretches = [value, *(part.strip() for part in value.split(","))]
    globs = [each for each in condition.values if isinstance(each, str)]
    return any(fits(glob, text, fold_case=True) for glob in globs for text in stretches) or any(
        expressed(regex, text, fold_case=True) for regex in condition.regex_values for text in stretches
    )


def holds(condition: Condition, sent: Sent) -> bool:
    """The reference's table of conditions, as it reads."""
    match condition:
        case HostHeader(values, regexes):
            return any(fits(each, sent.host, fold_case=True) for each in values) or any(
                expressed(each, sent.host, fold_case=True) for each in regexes
            )
        case PathPattern(values, regexes):
            return any(fits(each, sent.path) for each in values) or any(
                expressed(each, sent.path) for each in regexes
            )
        case HttpHeader(name):
            return header_holds(condition, sent.headers.get(name.lower()))
        case HttpRequestMethod(values):
            return sent.verb in values
        case QueryString(values):
            return any(sent.query.get(str(key)) == value for key, value in values)
        case SourceIp(values):
            return "127.0.0.0/8" in values


def first(rules: Sequence[Rule], sent: Sent) -> Rule:
    """The rule that decides: the lowest priority all of whose conditions hold."""
    return next(each for each in rules if all(holds(condition, sent) for condition in each.conditions))


def first_left(left: Sequence[OpenRule], sent: Sent) -> Rule:
    """The same, of what is left of them."""
    return next(
        each.rule
        for each in left
        if all(holds(condition, sent) for condition in each.conditions)
        and not any(name in sent.headers for name in each.absent)
    )


PIECES = st.sampled_from(["/", "a", "b", "/a", "ab", "/v1", "x"])
GLOBS = st.lists(st.sampled_from(["/", "a", "b", "*", "?", "/v1"]), min_size=1, max_size=5).map("".join)
REGEXES = st.sampled_from(
    [
        "/a.*",
        ".*",
        "/(a|b)+",
        "/v[0-9]/?",
        "[^/]*",
        "(/[ab]{1,2}){2}",
        "(a|/)*?b",
        "/.*/x",
        "x?a*/+",
        "^/.*b$",
    ]
)
HOSTS = st.sampled_from(["api.test", "www.test", "a.b.test"])
VALUES = st.sampled_from(["one", "Two", "one, three", "three", ""])
NAMES = st.sampled_from(["X-A", "X-B", "User-Agent"])
SECRET = SecretRef("Proof")


def several(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=1, max_size=2).map(tuple)


NOTHING = st.just(())
CONDITIONS = st.one_of(
    st.builds(PathPattern, several(GLOBS), NOTHING),
    st.builds(PathPattern, NOTHING, several(REGEXES)),
    st.builds(PathPattern, NOTHING, several(REGEXES)),  # twice: they have most to go wrong
    st.builds(HostHeader, several(st.sampled_from(["*.test", "API.test", "?.*.test", "www.*"])), NOTHING),
    st.builds(HostHeader, NOTHING, several(st.sampled_from(["(api|WWW)[.]test", "[a-z]+[.]test", ".*b.*"]))),
    st.builds(
        HttpHeader,
        NAMES,
        st.lists(st.sampled_from(["ONE", "t*", "*", "?wo", SECRET]), min_size=1, max_size=2).map(tuple),
        NOTHING,
    ),
    st.builds(HttpHeader, NAMES, NOTHING, several(st.sampled_from(["one|two", "T.*", ".*e", "[^,]+"]))),
    st.builds(HttpRequestMethod, several(st.sampled_from(["GET", "POST"]))),
    st.just(QueryString((("k", "1"),))),
    st.sampled_from([SourceIp(("127.0.0.0/8",)), SourceIp(("10.0.0.0/8",))]),
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[KnownRequest, Sent, Sent]:
    """What is known of a request; the request as rules see it; and as the routes of open rules do.

    The last one lacks what the gateway adds: defaults of headers are known by their absence.
    """
    pieces = [draw(PIECES) for _ in range(draw(st.integers(1, 4)))]
    hidden = [draw(st.booleans()) for _ in pieces]
    host, verb = draw(HOSTS), draw(st.sampled_from(["GET", "POST", "PURGE"]))
    knowledge: dict[str, HeaderKnowledge] = {}
    seen: dict[str, str | SecretRef] = {}
    left: dict[str, str | SecretRef] = {}
    for name in ("x-a", "x-b", "user-agent"):
        way = draw(st.sampled_from(["written", "secret", "cleaned", "client", "default"]))
        value = draw(VALUES)
        if way == "written":
            knowledge[name], seen[name] = Fixed((value,)), value
        elif way == "secret":
            knowledge[name], seen[name] = Fixed((SECRET,)), SECRET
        elif way == "cleaned":
            knowledge[name] = Fixed(())
        else:
            knowledge[name] = FromClient(draw(VALUES) if way == "default" else None)
            if draw(st.booleans()):
                seen[name] = left[name] = value
            elif way == "default":
                default = knowledge[name]
                assert isinstance(default, FromClient)
                assert default.default is not None
                seen[name] = default.default
    query = {"k": draw(st.sampled_from(["1", "2"]))} if draw(st.booleans()) else {}
    known = KnownRequest(
        host=host if draw(st.booleans()) else None,
        verb=verb if draw(st.booleans()) else None,
        path=tuple(None if unknown else piece for piece, unknown in zip(pieces, hidden, strict=True)),
        header=lambda name: knowledge.get(name, FromClient()),
    )
    path = "".join(pieces)
    whole = Sent(host=host, verb=verb, path=path, query=query, headers=seen)
    return known, whole, Sent(host=host, verb=verb, path=path, query=query, headers=left)


@settings(max_examples=250)
@given(st.lists(st.lists(CONDITIONS, min_size=1, max_size=2), min_size=1, max_size=2), requests())
def test_what_is_left_decides_as_all_rules_do(
    conditions: list[list[Condition]], request: tuple[KnownRequest, Sent, Sent]
) -> None:
    known, seen, left = request
    rules = [rule(number, fixed(200), *each) for number, each in enumerate(conditions, start=1)]
    whole = listener(*rules, rule(None, fixed(404)))
    open_rules = fold(whole, known)
    assert first_left(open_rules, left) == first(whole.rules, seen)
    assert not open_rules[-1].conditions
