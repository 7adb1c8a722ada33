from __future__ import annotations

import pytest

from templates.rendered import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$a.b.c ${a.b.c} $!a.b.c $!{a.b.c}", "1 1 1 1"),
        ("$a['b'][\"c\"] $a.get('b').c $a.b['c']x", "1 1 1x"),
        ("$a.b.c.d$a.x.y.z$none.x()", ""),
        ("$l[0] $l[ 1 ] $l.get(0)", "x y x"),
        ("#set($i = 1)$l[$i] $a[$l[0]]", "y "),
        ("$a-b $a.b-c", " "),
        ("$a. $a.1 $l[0].", "{b={c=1}}. {b={c=1}}.1 x."),
        ("#set($a.b.c = 2)$a #set($a['x'] = 3)$a", "{b={c=2}}{b={c=2}, x=3}"),
        ("#set($none.x = 1)[$none]#set($a.none.y = 1)$a", "[]{b={c=1}}"),
        ("#set($l[0] = 'z')$l[0]", "z"),
        ("#set($a.get('b').c = 5)$a", "{b={c=5}}"),
        ("#define($d)x#end#set($e = $d + 1)$e $d.length()", "x1 1"),
    ],
)
def test_references(template: str, text: str) -> None:
    assert rendered(template, given={"a": {"b": {"c": 1}}, "l": ["x", "y"]}) == text
