from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from gateline.cli.table import print_table


def test_columns_are_as_wide_as_they_need_and_empty_cells_are_shown() -> None:
    out = io.StringIO()
    rows: list[dict[str, Any]] = [
        {"name": "a", "used_up": None},
        {"name": "longer", "used_up": 0},
        {"name": "\x1b[2J", "used_up": ""},
    ]
    print_table(("name", "used_up"), rows, Console(file=out, markup=False, highlight=False))
    assert out.getvalue().splitlines() == [
        "NAME       USED UP",
        "a          -",
        "longer     0",
        "\\u001b[2J  -",
    ]
