from __future__ import annotations

import pytest

from gateline.templates.template import TemplateInvalid, parse
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("\n 1\n +\n 2 ", "3"),
        ("5-2", "3"),
        ("5 -2", "3"),
        ("$n-1", ""),
        ("$n - 1", "6"),
        ("$l.get( 0 )", "a"),
        ("$l.get($n - 7)", "a"),
        ("[1..$n].size()", None),
        ("[$n..9]", "[7, 8, 9]"),
        ("[ 1 .. 3 ]", "[1, 2, 3]"),
        ("\"\\u0041 '$n' #if($n == 7)seven#end\"", "A '7' seven"),
        ("'#if($n)'", "#if($n)"),
        ("((1 + 1)) * 2", "4"),
        ("trueish", None),
        ("$", None),
        ("1 +", None),
        ("'open", None),
        ('"$x.y("', None),
        ("{'a' 1}", None),
        ("[1, ", None),
        ("1" * 2000, None),
    ],
)
def test_expressions_are_read(expression: str, text: str | None) -> None:
    template = f"#set($x = {expression})$x"
    if text is None:
        with pytest.raises(TemplateInvalid):
            parse(template)
    else:
        assert rendered(template, given={"n": 7, "l": ["a"]}) == text
