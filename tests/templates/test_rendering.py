"""Whole templates: the tables of api-gateway.md section 8, what was recorded of the service, and no surprises."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateline.templates.rendering import Budget, TemplateFailed, sent
from gateline.templates.template import TemplateInvalid
from templates.rendered import rendered

PASSTHROUGH = """#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {
    "stage" : "$context.stage",
    "source-ip" : "$context.identity.sourceIp"
    }
}
"""


@pytest.mark.parametrize(
    ("template", "body", "text"),
    [
        ("$input.path('$')", '{"foo":"bar"}', "{foo=bar}"),
        ("$input.path('$')", '{"bigger":"dict","to":"test"}', "{bigger=dict, to=test}"),
        ("$input.path('$')", '[{"foo":"bar"}]', '[{"foo":"bar"}]'),
        ("$input.path('$')", '{"foo":[{"nested":"bar"}]}', '{foo=[{"nested":"bar"}]}'),
        ("$input.path('$')[0]", '[{"foo":"bar"}]', "{foo=bar}"),
        ("$input.path('$').toString()", '{"foo":["bar"]}', '{foo=["bar"]}'),
        ("$input.path('$.no')|$input.path('$.null')", '{"null":null}', "|"),
        ("#set($x = $input.path('$.no'))#if($x == $null)a#end#if($x == \"\")b#end", "{}", "ab"),
        ("$input.path('$').nested|$input.path('$.no').nested", "[1]", "|"),
        ("$input.path('$')", "[]", "[]"),
        ("#set($x = $input.path('$'))#if($x == $null)a#end#if($x == \"\")b#end", "[]", ""),
        ("$input.path('$.t') $input.path('$.n')", '{"t":true,"n":1.0}', "true 1.0"),
        ("$input.path('$')", '{"a":1e3,"b":[1.10,-0],"c":null}', "{a=1e3, b=[1.10,-0], c=null}"),
        ("$input.json('$.n')", '{"n":123456789012345678901234567890}', "123456789012345678901234567890"),
        ("$input.json('$')", '{ "a" : [ 1.0, "ü/\\u00e9" ] }', '{"a":[1.0,"ü/é"]}'),
        ("$input.json('$.no')", "{}", '""'),
        ("$input.json('$.x')", '{"x":null}', "null"),
        ("$input.json('$.x')", '{"x":"a\\"b"}', '"a\\"b"'),
        ("$input.json('x')", '{"x":[1,2]}', "[1,2]"),
        ("$input.body", "", "{}"),
        ("$input.body", ' {"a": 1 }', ' {"a": 1 }'),
        ("$input.json('$')", "", "{}"),
        ("#foreach($p in $input.path('$').split(\"&\"))[$p]#end", "a=1&b=2", "[a=1][b=2]"),
    ],
)
def test_values_of_a_body_render_as_recorded(template: str, body: str, text: str) -> None:
    assert rendered(template, body) == text


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("Hi $ you", {}, "Hi $ you"),
        ("Hi $you!", {}, "Hi !"),
        ("Hi $!you ${who} $!{who}.", {}, "Hi   ."),
        ("Hi $you}.", {"you": "Ann"}, "Hi Ann}."),
        ("#if($nothing)there#end", {}, "there"),
        ("#if(${a.b.c})there#end", {}, "there"),
        ("#if($x)there#end", {"x": None}, "there"),
        ("#if($x)there#end", {"x": ""}, "there"),
        ("#if($x)there#end", {"x": False}, ""),
        ("#if(!$x)there#end", {"x": None}, ""),
        ("#if(not $x)there#end", {"x": False}, "there"),
        ("#if($x) a #{else} b #{end}c", {"x": False}, " b c"),
        ("#if($x || $y)a#end#if($x && $y)b#end", {"x": False, "y": True}, "a"),
        ("#if($x > 1 && $x le 3)a#{else}b#end", {"x": 2}, "a"),
        ("#if($x.size() ge 2)a#end", {"x": [1, 2]}, "a"),
        ("#foreach($x in $nothing)a#end", {}, ""),
        ("#foreach($x in $map)$x,#end", {"map": {"a": 1, "b": "c"}}, "1,c,"),
        ("#foreach($e in $map.entrySet())$e.key:$e.value #end", {"map": {"a": 1}}, "a:1 "),
        (
            "#foreach($i in [1..3])$velocityCount$foreach.index$foreach.hasNext #end",
            {},
            "10true 21true 32false ",
        ),
        ("#foreach($i in [1,2])#foreach($j in [1])$foreach.count#end$foreach.count #end", {}, "11 12 "),
        ("#set($i = 7)#foreach($i in [1,2])$i#end$i", {}, "127"),
        ("#foreach($i in [1..5])#if($i == 3)#break#end$i#end.", {}, "12."),
        ("#define($hello)hi $who#end#set($who = 'you')$hello $hello()", {}, "hi you hi you()"),
        ("before#stop after", {}, "before"),
        ("#set($l = ['a', 1, true])$l", {}, "[a, 1, true]"),
        ("#set($m = {'a': 'b', 'c': [1]})$m $m.c", {}, "{a=b, c=[1]} [1]"),
        ("#set($m = {})#set($m['k'] = 'v')#set($m.l = 'w')$m", {}, "{k=v, l=w}"),
        ("#set($x = $m.put('k', 'new'))$x $m.k", {"m": {"k": "old"}}, "old new"),
        ("#set($x = 'a$b')$x|#set($y = \"a$b\")$y", {"b": 1}, "a$b|a1"),
        ('#set($x = "say ""hi""")$x', {}, 'say "hi"'),
        (r'#set($x = "\\b \n")$x', {}, r"\\b \n"),
        ('#set($x = "cost: \\$b")$x', {"b": 1}, "cost: $b"),
        (
            "#set($x = 7 / 2)$x|#set($x = -7 / 2)$x|#set($x = -7 % 4)$x|#set($x = 7.0 / 2)$x",
            {},
            "3|-3|-3|3.5",
        ),
        ("#set($x = 1 + 2 * 3 - 4)$x|#set($x = (1 + 2) * 3)$x", {}, "3|9"),
        ("#set($x = 'a' + 1 + $no)$x", {}, "a1"),
        ("#set($x = [3..1])$x", {}, "[3, 2, 1]"),
        ("#set($n = 0)$n.parseInt('42')", {}, "42"),
        ("#return($x)", {"x": 1}, "#return($x)"),
        ("#evaluate($x)", {"x": 1}, "#evaluate($x)"),
        ('color: #13ff93 and #fff and "#"', {}, 'color: #13ff93 and #fff and "#"'),
        ("#macro(twice $x $y)$x$x$y#end#twice('a' 2)#twice($z)", {"z": "c"}, "aa2cc"),
        ("#macro(down $n)#if($n > 0)$n#set($n = $n - 1)#down($n)#end#end#down(3)", {}, "321"),
        ("a#[[ $x #if ]]#b", {"x": 1}, "a $x #if b"),
        (
            "$x.class $x.getClass() $x.nope() $x.__class__ $x.__len__()",
            {"x": "s"},
            "   s.__class__ s.__len__()",
        ),
    ],
)
def test_the_language_is_velocity_as_the_service_runs_it(
    template: str, values: dict[str, Any], text: str
) -> None:
    assert rendered(template, given=values) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#set($x = 1)\nA", "A"),
        ("#set($x = 1) \t\r\nA", "A"),
        ("  #set($x = 1) A", " A"),
        ("#set($x = 1)  #set($y = 2)\n   #set($z = 3)\nA", "A"),
        ("A\n   #set($x = 1)\nB", "A\n   B"),
        ("#set($x = 1)$x  #set($y = 2)$y", "12"),
        ("A\n   #if(true)\n  B\n   #end\nC", "A\n     B\n   C"),
        ("#if(false)\nA\n#else  \nB\n#end  \nC", "B\nC"),
        ("#foreach($i in [1,2])\n$i\n#end\n", "1\n2\n"),
        ("A ## rest\nB", "A B"),
        ("A#* x\n y *#\nB", "A\nB"),
        ("A\n#if(true)\nhello##\n#end", "A\nhello"),
        ("#define($d)\nx\n#end\n[$d]", "[x\n]"),
        ("#if(true)A#end B", "A B"),
        ("$x.y()\nA", "\nA"),
        (
            "#set($e = 'f')$e \\$e \\\\$e \\\\\\$e \\ \\\\ \\# \\$ \\#end \\# end",
            "f $e \\f \\$e \\ \\\\ \\# \\$ #end \\# end",
        ),
        ("#set($e = 'f')\\#set($e = 1)", "#set(f = 1)"),
    ],
)
def test_white_space_and_backslashes_are_kept_as_velocity_does(template: str, text: str) -> None:
    assert rendered(template) == text


def test_the_template_of_the_console_renders_to_json() -> None:
    text = rendered(
        PASSTHROUGH,
        '{"a": "it\'s"}',
        path={"id": "1"},
        querystring={"q": 'say "hi"'},
        header={"Accept": "*/*"},
        stage={"v": "1"},
        context={"stage": "prod", "identity": {"sourceIp": "192.0.2.1"}},
    )
    assert json.loads(text) == {
        "body-json": {"a": "it's"},
        "params": {"path": {"id": "1"}, "querystring": {"q": 'say "hi"'}, "header": {"Accept": "*/*"}},
        "stage-variables": {"v": "1"},
        "context": {"stage": "prod", "source-ip": "192.0.2.1"},
    }


def test_overrides_are_made_in_the_context() -> None:
    context: dict[str, object] = {"stage": "prod"}
    text = rendered(
        "#set($context.requestOverride.header.X = 'a')"
        "#set($context[\"requestOverride\"][\"querystring\"]['q'] = $input.path('$.q'))"
        "#set($context.requestOverride.path.body = $input.body)"
        "#set($context.responseOverride.status = 201)"
        "#set($context.responseOverride.header.Set = ['a', 'b'])"
        "#set($context.responseOverride.mine.deep.er = true)"
        "$context.responseOverride.status $context.nothing.there",
        '{"q":1}',
        context=context,
    )
    assert text == "201 "
    assert context == {
        "stage": "prod",
        "requestOverride": {"header": {"X": "a"}, "querystring": {"q": 1}, "path": {"body": '{"q":1}'}},
        "responseOverride": {"status": 201, "header": {"Set": ["a", "b"]}, "mine": {"deep": {"er": True}}},
    }


def test_a_stage_variable_that_is_absent_is_empty() -> None:
    template = "$stageVariables.a|${stageVariables.a}|$stageVariables['a']|$stageVariables.b|"
    assert rendered(template, stage={"a": "1"}) == "1|1|1||"


@pytest.mark.parametrize(
    "template",
    [
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x + $x)#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = \"$x$x\")#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x.replace('a', $x))#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x.replaceAll('a', $x))#end",
        "#set($x = [1])#foreach($i in [1..60])#set($y = $x.addAll($x))#end",
        "#set($x = [1])#foreach($i in [1..60])#set($x = [$x, $x])#end$x",
        "#set($x = {'a': 1})#foreach($i in [1..60])#set($x = {'b': $x, 'c': $x})#end$x",
        "#set($x = [])#set($y = [])#foreach($i in [1..60])#set($x = [$x, $x])#set($y = [$y, $y])#end#if($x == $y)#end",
        "#set($x = [])#foreach($i in [1..60])#set($y = $util.parseJson('[]'))$y.add($x)$y.add($x)#set($x = $y)#end$x",
        "#set($x = [])#set($y = $x.add($x))$x",
        "#set($x = {})#set($y = $x.put('a', $x))$x",
        "#set($x = $util.parseJson('[]'))#set($y = $x.add($x))$x",
        "#set($x = 3)#foreach($i in [1..60])#set($x = $x * $x)#end",
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])a#end#end#end",
        "#macro(again)#again()#end#again()",
        "#macro(again)#again()#again()#end#again()",
        "#define($d)$d#end$d",
        '#define($d)a#set($x = "$d")#end$d',
        "#set($x = [1..1000000000])",
        "#set($x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')$x.matches('(a|aa)+$')",
        "$x.matches('(a|aa)+$')#set($x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')$x.split('(a|aa)+$')",
        "#set($x = [1])$x[1]",
        "#set($x = 'a')$x.substring(2)",
        "#set($x = 'a')$x.matches('(')",
        "$util.parseJson('{')",
        "$input.path('$[')",
        "#set($n = 0)$n.parseInt('x')",
    ],
)
def test_what_would_not_end_or_cannot_be_done_fails(template: str) -> None:
    with pytest.raises(TemplateFailed):
        rendered(template, budget=Budget(steps=50_000))


def test_a_body_that_begins_as_json_and_is_none_fails() -> None:
    with pytest.raises(TemplateFailed, match="no JSON"):
        rendered("$input.json('$')", '{"a":')


def test_a_body_that_is_nested_beyond_measure_fails() -> None:
    with pytest.raises(TemplateFailed):
        rendered("$input.json('$')", "[" * 200_000)


def test_a_loop_takes_a_thousand_turns_at_the_most() -> None:
    assert rendered("#foreach($i in [1..1500])x#end") == "x" * 1000


def test_time_is_bounded() -> None:
    with pytest.raises(TemplateFailed, match="too long"):
        rendered("#foreach($i in [1..1000])#foreach($j in [1..100])$j#end#end", budget=Budget(seconds=0.0))


def test_half_a_surrogate_pair_does_not_reach_the_wire() -> None:
    assert sent("a\ud83d\ude00\ud83d") == "a\U0001f600\ufffd"
    rendered("$input.json('$')$input.path('$')", '"\\ud800"').encode()


PIECES = st.lists(
    st.sampled_from(
        [
            "#set(", "$x", "=", "#if(", ")", "#end", "#else", "#elseif(", "#foreach(", "$i in ", "[1..3]", '"', "'",
            "${", "}", "{", "[", "]", "$input.path('$')", "$input.json('$..*')", ".put(", ".add($x)", "$util.", "(",
            "escapeJavaScript(", "parseJson(", "\\", "##", "\n", " ", "#*", "*#", "#define($x)", "#macro(m $x)", "#m(",
            "#stop", "#break", "1", "-1.5e3", "+", "==", "&&", "!", "#[[", "]]#", ",", ":", "a", ".b", "$context.",
        ]
    ),
    max_size=40,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(template=st.text(max_size=60) | PIECES.map("".join), body=st.text(max_size=30) | JSON.map(json.dumps))
def test_any_text_renders_or_is_refused(template: str, body: str) -> None:
    with contextlib.suppress(TemplateInvalid, TemplateFailed):
        rendered(template, body, budget=Budget(steps=20_000)).encode()


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_json_comes_out_as_it_went_in(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    expected = text.encode(errors="surrogatepass").decode(errors="replace")
    assert json.loads(rendered("$input.json('$')", text)) == json.loads(expected)
