from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("template", "body", "text"),
    [
        ("$util.escapeJavaScript($input.path('$'))", '"it\'s"', "it\\'s"),
        ("$util.escapeJavaScript($input.json('$'))", '{"a":"b\\"c"}', '{\\"a\\":\\"b\\\\\\"c\\"}'),
        ("$util.escapeJavaScript($input.json('$')).replaceAll(\"\\\\'\",\"'\")", '"it\'s"', '\\"it\'s\\"'),
        (
            "$util.escapeJavaScript($input.path('$'))",
            '"*/*\\n\\t\\u0001ü\\ud83d\\ude00"',
            "*\\/*\\n\\t\\u0001\\u00FC\\uD83D\\uDE00",
        ),
        ("$util.escapeJavaScript($input.path('$.no'))", "{}", "null"),
        ("[$util.escapeJavaScript($undefined)]", "{}", "[]"),
        ("$util.escapeJavaScript(1) $util.escapeJavaScript(true)", "{}", "1 true"),
        ('$util.parseJson(\'{"a":[1,{"b":2.0}]}\').a[1].b', "", "2.0"),
        ("$util.parseJson($input.path('$.s')).x", '{"s":"{\\"x\\":1}"}', "1"),
        ("[$util.parseJson('')]", "", "[]"),
        ("$util.urlEncode('a b&c=ü~*/')", "", "a+b%26c%3D%C3%BC%7E*%2F"),
        ("$util.urlDecode('a+b%26c%3D%C3%BC')", "", "a b&c=ü"),
        ("[$util.urlEncode($input.path('$.no'))$util.urlDecode($no)]", "{}", "[]"),
        ("$util.base64Encode('hé?>')", "", "aMOpPz4="),
        ("$util.base64Decode('aMOpPz4=')$util.base64Decode('aMOpPz4')", "", "hé?>hé?>"),
        ("$util.base64Decode('//79')", "", "\ufffd\ufffd\ufffd"),
        ("$util.toJson(1)$util.x", "", ""),
    ],
)
def test_functions(template: str, body: str, text: str) -> None:
    assert rendered(template, body) == text


def test_what_is_no_json_fails() -> None:
    with pytest.raises(TemplateFailed, match="parseJson"):
        rendered("$util.parseJson('{a')")
