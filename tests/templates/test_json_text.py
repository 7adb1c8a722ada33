from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.json_text import JsonInvalid, JsonNumber, read, write
from templates.rendered import meter


@pytest.mark.parametrize(
    "number", ["0", "-0", "-1", "1.0", "1.10", "1e3", "1E+3", "0.0001", "100000000.0", "9" * 5000]
)
def test_numbers_keep_how_they_were_written(number: str) -> None:
    assert write(read(f'[{number},{{"a":{number}}}]'), meter()) == f'[{number},{{"a":{number}}}]'


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "{'a':1}", "NaN", "Infinity", '"\n"', "01", "[" * 100_000, "1 2"]
)
def test_what_is_no_json_is_told(text: str) -> None:
    with pytest.raises(JsonInvalid):
        read(text)


def test_a_key_that_comes_twice_has_its_last_value() -> None:
    assert read('{"a":1,"b":2,"a":3}') == {"a": 3, "b": 2}


@pytest.mark.parametrize("tangled", [False, True])
def test_texts_are_written_as_jackson_does(tangled: bool) -> None:
    measured = meter()
    measured.tangled = tangled
    value = {"ü": 'a"\\/\n\x01\x7f', "empty": [{}, []], "n": [None, True, False, 1, 1.5]}
    assert (
        write(value, measured)
        == '{"ü":"a\\"\\\\/\\n\\u0001\x7f","empty":[{},[]],"n":[null,true,false,1,1.5]}'
    )


def test_a_spelling_does_not_change_what_a_number_is() -> None:
    assert JsonNumber("1e3") == 1000
    assert JsonNumber("1e3") == JsonNumber("1000.0")
    assert hash(JsonNumber("1e3")) == hash(1000)


def test_what_is_written_takes_room() -> None:
    with pytest.raises(TemplateFailed, match="too much text"):
        write(["a" * 100], meter(characters=50))


def test_a_list_that_holds_itself_is_not_written() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(TemplateFailed):
        write(value, meter())
