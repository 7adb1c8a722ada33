from __future__ import annotations

import re

import pytest

from gateline.templates.template import TemplateInvalid, parse
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("template", "message", "place"),
    [
        ("a\n#if($x)\nb", "no #end", (2, 1)),
        ("#end", "#end without", (1, 5)),
        ("#if(true)a#end\n#else b", "#else without", (2, 6)),
        ("#if(true)a#else b#else c#end", "#else after #else", (1, 1)),
        ("#if(true)a#else b#elseif(true)c#end", "#elseif after #else", (1, 1)),
        ("#foreach($x in [1])a#else b#end", "#else in #foreach", (1, 1)),
        ("#foreach($x of [1])a#end", "expected in", (1, 12)),
        ("#foreach(x in [1])a#end", "name of a variable", (1, 10)),
        ("#if true", "expected (", (1, 4)),
        ("#set $x = 1", "expected ( after #set", (1, 5)),
        ("#set($x 1)", "expected =", (1, 9)),
        ("#set($x = )", "expected a value", (1, 11)),
        ("#set($x = 1", "expected )", (1, 12)),
        ("#set(x = 1)", "expected a reference", (1, 6)),
        ("  ${name", "expected }", (1, 3)),
        ("${name.b", "expected }", (1, 1)),
        ("$x.y(", "expected a value", (1, 6)),
        ("$x.y(1", "expected , or", (1, 7)),
        ("$x[", "expected a value", (1, 4)),
        ("$x[a]", "expected a value", (1, 4)),
        ("Hello $", "at the end", (1, 7)),
        ("Hello #", "at the end", (1, 7)),
        ("a #* b", "*# is missing", (1, 3)),
        ("a #[[ b", "]]# is missing", (1, 3)),
        ("#include('a')", "#include is not part", (1, 1)),
        ("b #parse('a')", "#parse is not part", (1, 3)),
        ("#macro(if $x)#end", "name of a macro", (1, 10)),
        ("#macro()#end", "name of a macro", (1, 8)),
        ('#set($x = "#if($y)")', "double quotes", (1, 20)),
        ("#if(true)a#endb", "no #end", (1, 1)),
    ],
)
def test_what_is_no_template_is_told_with_its_place(
    template: str, message: str, place: tuple[int, int]
) -> None:
    with pytest.raises(TemplateInvalid, match=re.escape(message)) as caught:
        parse(template)
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    "text",
    [
        "$5.00 and $ and $! and ${ and ${1} and $[",
        "#1 # and #( and",
        "a\\b \\\\ \\n \\# \\$5 \\",
        "#foo #bar-baz #a(b.c) #fff (white) #x(",
        "#@block() {#}",
        '{"#": "#EXT", "url": "http://a/#top"}',
    ],
)
def test_what_only_looks_like_the_language_is_text(text: str) -> None:
    assert rendered(text) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#{if}(true)a#{else}b#{end}c", "ac"),
        ("#{set}($x = 1)#{foreach}($i in [1])$i#{end}", "1"),
        ("\\#foreach \\\\#if(true)a#end \\\\\\#if", "#foreach \\a \\#if"),
        ("\\${x} \\$!x \\$x.y('z')", "${x} $!x $x.y('z')"),
        ("$$x$x", "$"),
        ("#foo($x)\n.", "#foo($x)\n."),
        ("#if(\n true\n)a#end", "a"),
    ],
)
def test_other_ways_to_write(template: str, text: str) -> None:
    assert rendered(template) == text
