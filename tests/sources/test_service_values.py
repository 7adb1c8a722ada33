from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.sources.service_values import CommandWords, ServiceVariableName

COMMAND: TypeAdapter[tuple[str, ...]] = TypeAdapter(CommandWords)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (("python", "-m", "orders"), ("python", "-m", "orders")),
        ("python -m orders --name 'a b' $HOME", ("python", "-m", "orders", "--name", "a b", "$HOME")),
    ],
)
def test_a_command_in_one_line_is_split_and_nothing_in_it_expanded(
    written: object, words: tuple[str, ...]
) -> None:
    assert COMMAND.validate_python(written, strict=True) == words


@pytest.mark.parametrize("written", ["", "'a", "''", (), ("",), ("a", 1), ("a\0",), 7])
def test_a_command_has_a_program(written: object) -> None:
    with pytest.raises(ValidationError):
        COMMAND.validate_python(written, strict=True)


@pytest.mark.parametrize(("name", "good"), [("_A1", True), ("1A", False), ("A-B", False), ("A=B", False)])
def test_variables_have_the_names_of_variables(name: str, good: bool) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(ServiceVariableName)
    if good:
        assert adapter.validate_python(name) == name
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(name)
