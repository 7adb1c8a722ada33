"""Every diagnostic code is shown by a golden case or by a test that names it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Code

TESTS: Final = Path(__file__).parents[1]
CODES: Final = {name: code for name, code in vars(codes).items() if isinstance(code, Code)}


def in_golden_cases() -> set[str]:
    """The codes that `gateline check` says in some case."""
    found: set[str] = set()
    for path in (TESTS / "golden" / "cases").glob("*/expected/diagnostics.txt"):
        found.update(re.findall(r"\[(GL\d{3})\]", path.read_text(encoding="utf-8")))
    return found


def in_tests() -> set[str]:
    """The codes that some test names, by number or by the name of model/codes.py."""
    found: set[str] = set()
    numbers = {name: code.name for name, code in CODES.items()}
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r"\bGL\d{3}\b", text))
        found.update(numbers[name] for name in re.findall(r"\b[A-Z][A-Z0-9_]+\b", text) if name in numbers)
    return found


def test_every_diagnostic_code_has_a_golden_case_or_a_named_test() -> None:
    missing = {code.name: name for name, code in CODES.items()}
    for seen in in_golden_cases() | in_tests():
        missing.pop(seen, None)
    assert not missing


def test_golden_cases_say_only_codes_that_exist() -> None:
    assert in_golden_cases() <= {code.name for code in CODES.values()}
