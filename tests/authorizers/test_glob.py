"""Globs match as a regular expression of the same meaning does, in a bounded number of steps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateline.authorizers.glob import STEPS, Steps, matches


def reference(glob: bytes, text: bytes) -> bool:
    """The meaning of a glob, as a regular expression says it."""
    parts = {b"*": b".*", b"?": b"."}
    pattern = b"".join(parts.get(each, re.escape(each)) for each in re.findall(rb"(?s).", glob))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


@settings(max_examples=500, deadline=None)
@given(glob=st.text("ab*?.", max_size=8), text=st.text("ab.", max_size=10))
def test_a_glob_means_what_the_reference_means(glob: str, text: str) -> None:
    assert matches(glob.encode(), text.encode(), Steps()) is reference(glob.encode(), text.encode())


@pytest.mark.parametrize(
    ("glob", "text", "found"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("a*", "a/b/c", True),
        ("*a*a", "a", False),
        ("a*a", "a", False),
        ("*.b", "xab", False),
        ("A", "a", False),
        ("*[ab]", "a", False),
        ("?", "é", False),  # two bytes
    ],
)
def test_a_glob_matches_the_whole_text(glob: str, text: str, found: bool) -> None:
    assert matches(glob.encode(), text.encode(), Steps()) is found


def test_a_text_without_gaps_takes_no_steps() -> None:
    steps = Steps()
    assert not matches(b"*a" * 200 + b"b*", b"a" * 1600, steps)
    assert steps.left == STEPS


def test_hostile_gaps_run_out_of_steps_and_stop() -> None:
    steps = Steps()
    assert not matches(b"*" + b"a?" * 200 + b"b*", b"a" * 1600, steps)
    assert -256 < steps.left <= 0
