from gateline.model.origin import Position
from gateline.sources.json_value import MAX_DEPTH, JsonValue, position_at, template_hint, too_deep


def nested(depth: int) -> JsonValue:
    value: JsonValue = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_positions_count_lines_and_columns_from_one() -> None:
    text = "ab\ncd\n"
    assert position_at(text, 0) == Position(1, 1)
    assert position_at(text, 4) == Position(2, 2)
    assert position_at(text, 6) == Position(3, 1)


def test_a_value_may_nest_as_deep_as_the_bound_and_no_deeper() -> None:
    assert not too_deep(nested(MAX_DEPTH))
    assert too_deep(nested(MAX_DEPTH + 1))
    assert too_deep({"a": nested(MAX_DEPTH)})


def test_text_without_containers_has_no_depth() -> None:
    assert not too_deep("x")
    assert not too_deep(None)


def test_an_unrendered_template_is_recognised() -> None:
    assert "render it first" in template_hint("{{ cookiecutter.name }}")
    assert template_hint("openapi: 3.0.1") == ""
