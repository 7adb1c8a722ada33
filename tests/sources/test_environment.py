from __future__ import annotations

import pytest

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources.environment import EnvironmentText, fill
from gateline.sources.tree import grow, plain


def filled(value: str, **environ: str) -> tuple[object, list[str]]:
    complaints = Complaints()
    node, _ = fill(grow(value, Origin("f.yaml")), environ, complaints)
    return plain(node), [f"{d.code.name} {d.message}" for d in complaints.report().diagnostics]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${env:A}", "1"),
        ("x-${env:A}-${env:B}", "x-1-2"),
        ("${env:C:-three}", "three"),
        ("${env:C:-}", ""),
        ("${env:A:-three}", "1"),
        ("${env:EMPTY:-default}", "default"),
        ("${env:EMPTY}", ""),
        ("${env:C:-a:-b}", "a:-b"),
        ("${stageVariables.url}", "${stageVariables.url}"),
        ("$env:A", "$env:A"),
    ],
)
def test_references_become_what_the_environment_holds(written: str, expected: str) -> None:
    assert filled(written, A="1", B="2", EMPTY="") == (expected, [])


def test_a_value_of_the_environment_is_not_read_for_references_again() -> None:
    assert filled("${env:A}", A="${env:B}", B="secret")[0] == "${env:B}"


def test_a_variable_that_is_not_set_is_a_complaint_for_each() -> None:
    _, said = filled("${env:A}${env:B}")
    assert said == [
        "GL208 the environment variable A is not set",
        "GL208 the environment variable B is not set",
    ]


@pytest.mark.parametrize("written", ["${env:}", "${env:A", "${env:A-B}", "${env:A:-${env:B}}", "${env:1}"])
def test_a_malformed_reference_is_a_complaint(written: str) -> None:
    value, said = filled(written, A="1", B="2")
    assert value == written
    assert [line[:5] for line in said] == ["GL209"]


def test_lists_and_maps_are_filled_and_broken_pointers_are_told() -> None:
    complaints = Complaints()
    tree = grow({"a": ["${env:A}", "${env:B}"], "b": 1}, Origin("f.yaml"))
    node, broken = fill(tree, {"A": "x"}, complaints)
    assert plain(node) == {"a": ("x", "${env:B}"), "b": 1}
    assert broken == {("a", 1)}


def test_what_was_written_stays_known() -> None:
    node, _ = fill(grow("${env:A}", Origin("f.yaml")), {"A": "secret"}, Complaints())
    assert isinstance(node.value, EnvironmentText)
    assert node.value.written == "${env:A}"
