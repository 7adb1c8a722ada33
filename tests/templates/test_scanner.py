from __future__ import annotations

import re

import pytest

from gateline.templates.scanner import Scanner, TemplateInvalid


def test_a_scanner_goes_behind_what_it_takes() -> None:
    scanner = Scanner("ab12", depth=1)
    assert scanner.take(re.compile("[0-9]+")) is None
    found = scanner.take(re.compile("[a-z]+"))
    assert found is not None
    assert (found[0], scanner.at) == ("ab", 2)


@pytest.mark.parametrize(("at", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))])
def test_faults_say_line_and_column(at: int, place: tuple[int, int]) -> None:
    with pytest.raises(TemplateInvalid, match="why") as caught:
        Scanner("ab\ncd", depth=1).fail("why", at)
    assert (caught.value.line, caught.value.column) == place


def test_depth_is_counted() -> None:
    scanner = Scanner("", depth=1)
    scanner.deeper()
    with pytest.raises(TemplateInvalid, match="nested"):
        scanner.deeper()
