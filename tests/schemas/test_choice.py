import pytest

from gateline.schemas.choice import model_for

JSON = (("application/json", "J"),)
BOTH = (("text/xml", "X"), ("application/json", "J"))
DEFAULT = (("application/json", "J"), ("$default", "D"))
XML = (("text/xml", "X"),)


@pytest.mark.parametrize(
    ("models", "sent", "meant"),
    [
        ((), ["application/json"], None),
        (JSON, [], "J"),
        (JSON, [""], "J"),
        (JSON, ["application/json"], "J"),
        (JSON, ["APPLICATION/JSON"], "J"),
        (JSON, [" application/json"], "J"),
        (JSON, ["application/json ;charset"], "J"),
        (JSON, ["application/json; charset=utf-8"], "J"),
        (JSON, ["application/json;"], "J"),
        (BOTH, ["text/xml;charset=utf-8"], "X"),
        (BOTH, [], "J"),
        (DEFAULT, ["text/plain"], "D"),
        (DEFAULT, [], "J"),
        ((("$default", "D"),), [], "D"),
        ((("*/*", "W"),), ["image/png"], "W"),
        ((("Application/JSON; charset=utf-8", "J"),), ["application/json"], "J"),
        ((("application/json", "A"), ("application/JSON", "B")), [], "A"),
    ],
)
def test_the_media_type_chooses_the_model(
    models: tuple[tuple[str, str], ...], sent: list[str], meant: str | None
) -> None:
    assert model_for(models, sent) == meant


@pytest.mark.parametrize(
    "sent", ["text/plain", 'text/plain; a="b,c"', "application/vnd.api+json", "application/jsonx", "image/*"]
)
def test_a_clearly_different_type_is_not_checked_as_at_amazon(sent: str) -> None:
    assert model_for(JSON, [sent]) is None


def test_no_model_is_meant_by_a_request_without_content_type_when_there_is_none_for_json() -> None:
    assert model_for(XML, []) is None


@pytest.mark.parametrize(
    "sent",
    [
        ["application/json,text/plain"],
        ["text/plain,application/json"],
        ["text/plain;charset=utf-8,application/json"],
        ["text/plain; a=b, application/json"],
        ['text/plain; a="b", application/json'],
        ['text/plain; a="b, application/json'],
        ["text/plain", "application/json"],
        ["application/json", "application/json"],
        ["json"],
        ["application /json"],
        ["application/json\x0b"],
        ["/json"],
        ["; charset=utf-8"],
        ["text/pläin"],
        ["a/b/c"],
    ],
)
def test_a_malformed_content_type_never_gets_a_body_past_the_models(sent: list[str]) -> None:
    assert model_for(BOTH, sent) == "J"
    assert model_for(DEFAULT[1:], sent) == "D"
    assert model_for(XML, sent) == "X"
