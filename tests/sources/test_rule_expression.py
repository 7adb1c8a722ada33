from __future__ import annotations

import pytest

from .balancers import condition, errors_of, http, listening, rule
from .conftest import LoadProject

AT = "/load_balancers/b/listeners/0/rules/0/conditions/0/regex_values/0"


def said_of(load_project: LoadProject, field: str, expression: str) -> list[str]:
    """What is said of a rule with this expression."""
    more = {"http_header_name": "X-A"} if field == "http-header" else {}
    written = {"field": field, "regex_values": [expression], **more}
    loaded = load_project(listening(http(rule(written))))
    return [
        f"{d.code.name} {d.origin.json_pointer}: {d.message}"
        for d in loaded.report.diagnostics
        if d.code.name in {"GL253", "GL254"}
    ]


@pytest.mark.parametrize(
    ("field", "expression", "why"),
    [
        ("path-pattern", "^/(?!admin).*$", "look-ahead is not supported"),
        ("path-pattern", r"^/(a)\1$", r"a back-reference (\1) is not supported"),
        ("http-header", "^" + "a" * 127 + "$", "it is longer than 128 characters"),
        ("host-header", "^a.test:80$", "it holds a ':', and the port of a host is not compared"),
        ("path-pattern", "^/a$/b$", "a '$' where nothing ends can never fit"),
        ("path-pattern", r"^/\bword$", r"\b and \B are not supported in a condition"),
        (
            "path-pattern",
            "^(?:a{500}){2}(?:b{500}){2}(?:c{500})$",
            "it is too large when its repetitions are",
        ),
    ],
)
def test_what_no_rule_takes_is_refused_with_the_reason(
    load_project: LoadProject, field: str, expression: str, why: str
) -> None:
    (said,) = said_of(load_project, field, expression)
    assert said.startswith(f"GL253 {AT}: the regular expression '{expression[:9]}")
    assert f"is not taken: {why}" in said


def test_the_longest_expression_is_taken(load_project: LoadProject) -> None:
    assert said_of(load_project, "path-pattern", "^/" + "a" * 125 + "$") == []


def test_an_expression_that_could_mean_a_part_is_warned_of(load_project: LoadProject) -> None:
    (said,) = said_of(load_project, "path-pattern", "/admin")
    assert said == f"GL254 {AT}: the regular expression '/admin' is compared with the whole value"
    assert said_of(load_project, "host-header", "^(?:a|b)[.]test$") == []


def test_values_of_both_kinds_count_for_the_quota(load_project: LoadProject) -> None:
    expressions = {"field": "path-pattern", "regex_values": [f"^/{number}$" for number in range(4)]}
    hosts = condition("host-header", "a.test", "b.test")
    (said,) = errors_of(load_project, listening(http(rule(expressions, hosts))))
    assert "hold 5 values at most, these 6" in said
