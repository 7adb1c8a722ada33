from __future__ import annotations

import pytest

from gateline.templates.directive import Block, Text, texts
from templates.rendered import rendered


def test_neighbouring_texts_become_one() -> None:
    block = Block(())
    joined = list(texts([Text("a"), Text("b"), block, Text("c")]))
    assert [part.text if isinstance(part, Text) else part for part in joined] == ["ab", block, "c"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#foreach($i in [1,2])$foreach.index#end[$foreach.index][$i]", "01[][]"),
        ("#foreach($i in [1,2])#foreach($j in [1])$foreach.parent.count#end#end", "12"),
        ("#foreach($i in 'text')x#end#foreach($i in 1)x#end#foreach($i in true)x#end", ""),
        ("#set($p = 'old')#macro(m $p)$p#end#m('new')$p", "newold"),
        ("#macro(m $p $q)[$p$q]#end#m(1)", "[1]"),
        ("#later(1)#macro(later $x)<$x>#end", "<1>"),
        ("#macro(m)1#end#macro(m)2#end#m()", "1"),
        ("#macro(sets)#set($x = 1)#end#sets()$x", "1"),
        ("a#break b", "a"),
        ("#foreach($i in [1,2])#stop#end never", ""),
        ("#if(false)a#elseif(false)b#elseif(true)c#{else}d#end", "c"),
    ],
)
def test_statements(template: str, text: str) -> None:
    assert rendered(template) == text
