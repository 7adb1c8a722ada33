"""Conditions of rules: characters, lengths and forms of their values (load-balancers.md section 2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.load_balancer import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from gateline.model.secret import SecretRef
from gateline.sources.environment import EnvironmentText
from gateline.sources.project_condition import ConditionPart, QueryValuePart
from gateline.sources.rule_expression import judge_expression
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer, dotted
from gateline.sources.workbench import Workbench

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_SECRET: Final = re.compile(r"\$\{([^{}]+)\}")
_QUERY_KEY: Final = re.compile(r"[\x21-\x7e]{0,128}")
_ANY_ADDRESS: Final = "255.255.255.255/32"
_KINDS: Final = {
    "host-header": (
        re.compile(r"(?=.{1,128}\Z)[A-Za-z0-9._*?-]*\.[A-Za-z]+"),
        "1 to 128 letters, digits and - . _ * ?, with a '.' and only letters after the last one",
    ),
    "path-pattern": (
        re.compile(r"[A-Za-z0-9_.$/~\"'@:+&*?-]{1,128}"),
        "1 to 128 letters, digits and _ - . $ / ~ \" ' @ : + & * ?",
    ),
    "http-header": (re.compile(r"[\x20-\x7e]{1,128}"), "1 to 128 visible characters of ASCII"),
    "http-request-method": (
        re.compile(r"[A-Z_-]{1,40}"),
        "1 to 40 capital letters, '-' and '_': the method as it stands in the request",
    ),
    "query-string": (re.compile(r"[\x20-\x7e]{0,128}"), "at most 128 visible characters of ASCII"),
}


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Makes conditions; complains about what a listener's rule does not take.

    `judged` are the places where a secret may stand: whoever looks for secrets out of place leaves them alone.
    """

    bench: Workbench
    secrets: Collection[str]
    judged: set[Pointer] = field(default_factory=set)

    def condition(self, here: Pointer, part: ConditionPart) -> Condition | None:
        """The condition at that place; None when it was complained about."""
        config = getattr(part, part.config_key)
        place: Pointer = (*here, part.config_key, "values") if config is not None else (*here, "values")
        before = self.bench.complaints.count
        regexes = self._expressions(
            (*place[:-1], "regex_values"), part.field, getattr(config or part, "regex_values", ())
        )
        made: Condition
        match part.field:
            case "query-string":
                values = part.values if config is None else ()
                made = self._query(place, tuple(map(_pair, values)) if config is None else config.values)
            case "http-header":
                name = part.http_header_name if config is None else config.http_header_name
                made = self._header(place, name, part.values if config is None else config.values, regexes)
            case _:
                made = self._plain(place, part, part.values if config is None else config.values, regexes)
        return made if self.bench.complaints.count == before else None

    def _expressions(self, place: Pointer, kind: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        """The regular expressions at that place; their letter case counts in paths only."""
        for index, text in enumerate(texts):
            judge_expression(self.bench, (*place, index), kind, text)
        return tuple(map(str, texts))

    def _plain(
        self, place: Pointer, part: ConditionPart, written: tuple[str, ...], regexes: tuple[str, ...]
    ) -> Condition:
        values = tuple(map(str, written))
        if part.field == "source-ip":
            return SourceIp(tuple(self._network((*place, i), text) for i, text in enumerate(values)))
        for index, text in enumerate(values):
            self._check((*place, index), part.field, text)
        match part.field:
            case "host-header":
                return HostHeader(values, regexes)
            case "path-pattern":
                return PathPattern(values, regexes)
            case _:
                return HttpRequestMethod(values)

    def _check(self, pointer: Pointer, kind: str, text: str) -> None:
        pattern, says = _KINDS[kind]
        if pattern.fullmatch(text) is None:
            self._refuse(pointer, text, f"a value of {kind} must be {says}")

    def _refuse(self, pointer: Pointer, text: str, rule: str, advice: str = "") -> None:
        shown = self.bench.shown(pointer, text)
        self.bench.complain(codes.CONDITION_INVALID, pointer, f"{rule}; it is '{shown}'", advice=advice)

    def _network(self, pointer: Pointer, text: str) -> str:
        network = _network(text)
        if network is None:
            rule = "a value of source-ip must be a network, such as 10.0.0.0/8 or 2001:db8::/32"
            self._refuse(pointer, text, rule, "one address is ADDRESS/32, or ADDRESS/128 for IPv6")
            return text
        if network == _ANY_ADDRESS:
            self._refuse(pointer, text, "source-ip does not take this network")
        return network

    def _query(self, place: Pointer, pairs: tuple[QueryValuePart, ...]) -> QueryString:
        for index, pair in enumerate(pairs):
            self._check((*place, index), "query-string", pair.value)
            if _QUERY_KEY.fullmatch(pair.key) is None:
                self._refuse(
                    (*place, index), pair.key, "a key of query-string must be 128 characters at most"
                )
            if not (pair.key or pair.value):
                self._refuse((*place, index), "", "a value of query-string must not be empty")
        return QueryString(tuple((str(pair.key) or None, str(pair.value)) for pair in pairs))

    def _header(
        self, place: Pointer, name: str, values: tuple[str, ...], regexes: tuple[str, ...]
    ) -> HttpHeader:
        at_name = (*place[:-1], "http_header_name")
        if _HEADER_NAME.fullmatch(name) is None:
            self._refuse(at_name, name, "http_header_name must be a header's name of 40 characters at most")
        elif name.lower() == "host":
            message = "an http-header condition does not take the header Host"
            self.bench.complain(codes.CONDITION_INVALID, at_name, message, advice="use the field host-header")
        read = tuple(self._value((*place, i), text) for i, text in enumerate(values))
        return HttpHeader(str(name), read, regexes)

    def _value(self, pointer: Pointer, text: str) -> str | SecretRef:
        """A header's value: text, or the whole of a secret."""
        self.judged.add(pointer)
        if isinstance(self.bench.tree.at(pointer).value, EnvironmentText):
            self._check(pointer, "http-header", text)
            return str(text)
        whole = _SECRET.fullmatch(text)
        if whole is not None and whole[1] in self.secrets:
            return SecretRef(whole[1])
        if whole is not None:
            self.bench.complain(
                codes.SECRET_NOT_DECLARED,
                pointer,
                f"'{whole[1]}' is not declared as a secret",
                advice=did_you_mean(whole[1], self.secrets)
                or f"declare it in the project file: secrets: {{{whole[1]}: {{env: {whole[1]}}}}}",
            )
        elif any(found[1] in self.secrets for found in _SECRET.finditer(text)):
            self.bench.complain(
                codes.SECRET_OUT_OF_PLACE,
                pointer,
                f"{dotted(pointer)} holds a secret beside other text",
                advice="a value of http-header is a secret as a whole: '${NAME}'",
            )
        self._check(pointer, "http-header", text)
        return text


def _network(text: str) -> str | None:
    """A network in CIDR form, without the bits of a host; None when the text is none."""
    if "/" not in text or "%" in text:
        return None
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None


def _pair(text: str) -> QueryValuePart:
    """A value of query-string beside the field: `KEY=VALUE`, or `VALUE` for any key."""
    key, found, value = text.partition("=")
    return QueryValuePart(key=key, value=value) if found else QueryValuePart(value=text)


def wildcards(condition: Condition) -> int:
    """How many `*` and `?` a condition's patterns hold; those behind a backslash are none."""
    match condition:
        case HostHeader(values) | PathPattern(values):
            texts = list(values)
        case HttpHeader(_, mixed):
            texts = [value for value in mixed if isinstance(value, str)]
        case QueryString(pairs):
            texts = [text for pair in pairs for text in pair if text is not None]
        case HttpRequestMethod() | SourceIp():
            texts = []
    return sum(found[0] in "*?" for text in texts for found in re.finditer(r"\\.|[*?]", text))
