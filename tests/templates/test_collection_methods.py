from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.collection_methods import HeaderMap
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ("$l.size()", "3"),
        ("$l.isEmpty()", "false"),
        ("$l.get(1)", "b"),
        ("$l.contains('c') $l.contains('x')", "true false"),
        ("$l.indexOf('c') $l.indexOf('x')", "2 -1"),
        ("$l.containsAll(['c', 'a']) $l.containsAll(['c', 'x']) $l.containsAll('c')", "true false "),
        ("$l.subList(1, 3) $l.subList(1, 1) $l.subList(0, 2).size() $l", '[b, c] [] 2 ["a","b","c"]'),
        ("$l.add('d') $l", 'true ["a","b","c","d"]'),
        ("$l.add(0, 'd')$l", '["d","a","b","c"]'),
        ("$l.addAll(['x', 1]) $l", 'true ["a","b","c","x",1]'),
        ("$l.set(0, 'x') $l", 'a ["x","b","c"]'),
        ("$l.remove(0) $l", 'a ["b","c"]'),
        ("$l.remove('b') $l.remove('b') $l", 'true false ["a","c"]'),
        ("$l.clear()$l", "[]"),
        ("$l.equals($l)", "true"),
        ("$l.toString()", '["a","b","c"]'),
        ("$l.nope() $l.size $l.add()", "  "),
        ("$m.size() $m.isEmpty()", "1 false"),
        ("$m.get('k') $m.get('x') $m.getOrDefault('x', 'y')", "v  y"),
        ("$m.put('k', 'w') $m.put('x', 1) $m", "v  {k=w, x=1}"),
        ("$m.putAll({'a': 'b'})$m", "{k=v, a=b}"),
        ("$m.keySet() $m.values()", "[k] [v]"),
        ("$m.entrySet()", "[k=v]"),
        ("#foreach($e in $m.entrySet())$e.key$e.value$e.getKey()$e.getValue()$e#end", "kvkvk=v"),
        ("$m.containsKey('k') $m.containsKey('x') $m.containsValue('v')", "true false true"),
        ("$m.remove('k') $m", "v {}"),
        ("$m.equals({'k': 'v'})", "true"),
    ],
)
def test_methods(calls: str, text: str) -> None:
    assert rendered(calls, given={"l": ["a", "b", "c"], "m": {"k": "v"}}) == text


@pytest.mark.parametrize(
    "call", ["get(3)", "get(-1)", "set(3, 1)", "add(4, 1)", "remove(3)", "subList(2, 4)", "subList(2, 1)"]
)
def test_a_place_outside_of_a_list_fails(call: str) -> None:
    with pytest.raises(TemplateFailed, match="outside"):
        rendered(f"$l.{call}", given={"l": ["a", "b", "c"]})


def test_headers_have_no_case() -> None:
    headers = HeaderMap({"X-A": "1", "x-b": "2"})
    assert (headers.get("x-a"), headers.get("X-B"), headers.get("none", "0"), headers.get(1)) == (
        "1",
        "2",
        "0",
        None,
    )
    assert "x-A" in headers
    assert list(headers) == ["X-A", "x-b"]
