from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gateline.templates.template import TemplateInvalid, parse

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("", ""),
        ('{"statusCode": 200}', '{"statusCode": 200}'),
        ("a ## b\nc #* d *# #[[$x]]#.", "a c  $x."),
        ("\\# \\\\ $ 1 # 2", "\\# \\\\ $ 1 # 2"),
        ("$x", None),
        ("#set($x = 1)a", None),
        ("#unknown", None),
        ("price: $5, 100 # more", "price: $5, 100 # more"),
    ],
)
def test_a_template_knows_whether_it_always_says_the_same(text: str, constant: str | None) -> None:
    assert parse(text).constant == constant


def templates(value: object) -> Iterator[str]:
    """Every mapping template of a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if str(key).lower() in {"requesttemplates", "responsetemplates"} and isinstance(inner, dict):
                yield from (text for text in inner.values() if isinstance(text, str))
            yield from templates(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from templates(inner)


class Tags(yaml.SafeLoader):
    """Reads CloudFormation's tags as their values."""


def untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> object:
    """What a tag is on."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Tags.add_multi_constructor("!", untagged)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus does not lie beside this repository")
def test_every_template_of_the_corpus_can_be_read() -> None:
    count = 0
    for path in sorted(CORPUS.glob("*.[yj]*")):
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else yaml.load(text, Tags)  # noqa: S506 - Tags is safe
        for template in templates(document):
            parse(template)
            count += 1
    assert count > 20


def test_a_long_template_is_read_whatever_it_is_made_of() -> None:
    for piece in (
        "#if($x)a#end ",
        "#a($ ",
        "#x(",
        '#set($a = "$b") ',
        "$",
        "\\$a ",
        "## a\n",
        "  #{",
        "$a.b ",
    ):
        parse(piece * (100_000 // len(piece)) + ".")


@pytest.mark.parametrize("piece", ["#if($x)", "$a[", "#set($a = (", "#set($x = [", "$a.b(", "#set($x = !!!!"])
def test_a_template_that_is_nested_beyond_measure_is_refused(piece: str) -> None:
    with pytest.raises(TemplateInvalid):
        parse(piece * 100_000)
