import pytest

from gateline.schemas.json_body import JsonInvalid
from gateline.schemas.library import Library, model_in_url

URL = "https://apigateway.amazonaws.com/restapis/a1b2c3/models/"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (f"{URL}Pet", "Pet"),
        (f"{URL}Pet#/properties/a", "Pet"),
        ("https://apigateway.amazonaws.com/restapis//models/Pet", None),
        ("http://apigateway.amazonaws.com/restapis/a/models/Pet", None),
        (f"{URL}Pet/x", None),
        ("#/definitions/Pet", None),
    ],
)
def test_amazons_form_of_a_reference_names_a_model(reference: str, name: str | None) -> None:
    assert model_in_url(reference) == name


def test_a_pointer_is_followed_with_its_escapes() -> None:
    library = Library({"A": '{"properties": {"a/b": [1, {"c~d": 2}]}}'})
    assert library.find("A", "#/properties/a~1b/1/c~0d") == ("A", 2)
    assert library.find("A", "#/properties/a%7E1b/0") == ("A", 1)
    assert library.find("A", "#/definitions/A/properties/a~1b/2") is None
    assert library.find("A", "#") == ("A", library.model("A"))


def test_what_is_no_model_is_not_found() -> None:
    library = Library({"A": "{}"})
    for reference in (
        "#/definitions/B",
        "B",
        "b.json#/x",
        f"{URL}B",
        "#/components/schemas",
        "#/definitions",
    ):
        assert library.find("A", reference) is None
    assert "A" in library
    assert "B" not in library


def test_a_model_that_is_no_json_is_told_when_it_is_read() -> None:
    library = Library({"A": "{"})
    with pytest.raises(JsonInvalid):
        library.model("A")
