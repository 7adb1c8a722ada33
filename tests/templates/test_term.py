from __future__ import annotations

import pytest

from templates.rendered import rendered


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1", "1"),
        ("-2.50", "-2.5"),
        ("1e3", "1000.0"),
        (".5 * .5", "0.25"),
        ("'it''s'", "it's"),
        ("null", ""),
        ("[]", "[]"),
        ("{}", "{}"),
        ("{'a': 1, 2: [3]}", "{a=1, 2=[3]}"),
        ("['a', [1..2]]", "[a, [1, 2]]"),
        ("['a'..2]", ""),
        ("!true", "false"),
        ("true && !false || false", "true"),
        ("true and not false", "true"),
        ("1 == 1.0", "true"),
        ("'a' ne 'a'", "false"),
        ("2 > 1", "true"),
        ("'2' > 1", "false"),
        ("1 + 2 + 'a' + 1 + 2", "3a12"),
        ("'a' - 1", ""),
        ("4 > 2 + 5", "false"),
        ("10 / 3 * 3", "9"),
        ("1.0 / 0", ""),
        ("9223372036854775807 + 1", "9223372036854775808"),
        ("1e7 + 0", "1.0E7"),
        ("false && $x.nope()", "false"),
    ],
)
def test_expressions(expression: str, text: str) -> None:
    assert rendered(f"#set($x = {expression})$x") == text
