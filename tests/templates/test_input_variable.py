from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.input_variable import document
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.params('a')", "path"),
        ("$input.params('b')", "query"),
        ("$input.params('X-Name')$input.params('x-name')$input.params('X-NAME')", "headerheaderheader"),
        ("[$input.params('none')]", "[]"),
        ("#if($input.params('none') == '')empty#end", "empty"),
        ("$input.params().path.a $input.params().get('querystring').get('a')", "path query"),
        ("$input.params().header.get('x-name')$input.params().header['X-name']", "headerheader"),
        ("$input.params().header.containsKey('x-NAME')", "true"),
        ("$input.params().header.none", ""),
        ("$input.params()", "{path={a=path}, querystring={a=query, b=query}, header={X-Name=header}}"),
        ("$input.params().keySet()", "[path, querystring, header]"),
        ("$input.nothing $input.nope() $input", "  "),
    ],
)
def test_parameters_are_found(template: str, text: str) -> None:
    assert (
        rendered(
            template,
            path={"a": "path"},
            querystring={"a": "query", "b": "query"},
            header={"X-Name": "header"},
        )
        == text
    )


@pytest.mark.parametrize(
    ("body", "value"), [('{"a":1}', {"a": 1}), ("a=1", "a=1"), ("", ""), ("true", True), ("<a/>", "<a/>")]
)
def test_a_body_that_does_not_begin_as_json_is_a_text(body: str, value: object) -> None:
    assert document(body) == value


@pytest.mark.parametrize("body", ["{", "[1", ' {"a"}', '"a', "'a'"])
def test_a_body_that_begins_as_json_must_be_it(body: str) -> None:
    with pytest.raises(TemplateFailed, match="no JSON"):
        document(body)


def test_the_body_is_only_read_when_it_is_asked_for() -> None:
    assert rendered("$input.body", "{") == "{"


def test_values_of_the_body_may_be_changed() -> None:
    template = "#set($root = $input.path('$'))#set($root.a = 2)$input.json('$')"
    assert rendered(template, '{"a":1}') == '{"a":2}'
