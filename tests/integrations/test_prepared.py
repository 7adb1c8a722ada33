"""Selection of templates and of response entries: api-gateway.md sections 6 and 8, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateline.integrations.outgoing import Refusal
from gateline.integrations.prepared import Prepared
from gateline.model.integration import PassthroughBehavior
from integrations.hosted import entry, integration, prepared
from integrations.samples import METHOD

JSON, XML, DEFAULT = "application/json", "application/xml", "$default"


def ready(passthrough: str, **templates: str) -> Prepared:
    names = {"json": JSON, "xml": XML, "default": DEFAULT}
    return prepared(
        integration(
            passthrough=PassthroughBehavior(passthrough),
            templates={names[key]: text for key, text in templates.items()},
        )
    )


def is_chosen(of: Prepared, content_type: str | None) -> bool:
    return of.request_template(content_type) is not None


@pytest.mark.parametrize("passthrough", list(PassthroughBehavior))
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", None, "", " "]
)
def test_a_matching_template_is_used(passthrough: str, content_type: str | None) -> None:
    assert is_chosen(ready(passthrough, json="x"), content_type)


@pytest.mark.parametrize("passthrough", list(PassthroughBehavior))
@pytest.mark.parametrize("content_type", ["text/plain", None])
def test_the_default_template_matches_everything(passthrough: str, content_type: str | None) -> None:
    assert is_chosen(ready(passthrough, default="x"), content_type)


@pytest.mark.parametrize(
    ("passthrough", "templates", "is_refused"),
    [
        ("when_no_match", {"json": "x"}, False),
        ("when_no_templates", {"json": "x"}, True),
        ("never", {"json": "x"}, True),
        ("when_no_match", {}, False),
        ("when_no_templates", {}, False),
        ("never", {}, True),
    ],
)
def test_without_a_match_the_body_passes_or_not(
    passthrough: str, templates: Mapping[str, str], is_refused: bool
) -> None:
    of = ready(passthrough, **templates)
    if is_refused:
        with pytest.raises(Refusal) as refused:
            of.request_template("text/plain")
        assert refused.value.type == "UNSUPPORTED_MEDIA_TYPE"
    else:
        assert of.request_template("text/plain") is None


def test_a_template_that_can_not_be_read_is_500() -> None:
    of = ready("when_no_match", json="#if(")
    with pytest.raises(Refusal) as refused:
        of.request_template(None)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize(
    ("accept", "names", "chosen"),
    [
        ("application/xml", [JSON, XML], XML),
        ("application/xml;q=0.5, application/json", [JSON, XML], XML),
        (None, [XML, JSON], JSON),
        ("text/html", [XML, JSON], JSON),
        ("*/*", [XML, JSON], JSON),
        ("text/html", [XML, "text/csv"], XML),
        (None, [XML], XML),
        ("APPLICATION/XML", [JSON, XML], XML),
    ],
)
def test_a_response_template_is_chosen_by_what_is_accepted_first(
    accept: str | None, names: list[str], chosen: str
) -> None:
    of = prepared(integration(responses=[entry(templates=dict.fromkeys(names, "x"))]))
    template = of.response_for("200").template(accept)
    assert template is not None
    assert template[0] == chosen


def test_without_response_templates_the_body_passes() -> None:
    assert prepared(integration()).response_for("200").template(None) is None


def test_an_empty_template_is_none_and_the_body_passes() -> None:
    of = prepared(integration(templates={JSON: ""}, responses=[entry(templates={JSON: ""})]))
    assert of.request_template(None) is None
    assert of.response_for("200").template(None) is None


def test_an_empty_template_leaves_a_body_without_a_match() -> None:
    with pytest.raises(Refusal) as refused:
        ready("never", json="").request_template(None)
    assert refused.value.type == "UNSUPPORTED_MEDIA_TYPE"


RESPONSES = [entry(200), entry(400, r"4\d{2}"), entry(418, "418|42."), entry(500, "5..")]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("201", 200),
        ("404", 400),
        ("418", 400),  # both match: the first in the definition
        ("500", 500),
        ("5000", 200),  # the whole text
        (None, 200),
    ],
)
def test_the_first_matching_entry_is_taken_else_the_default(text: str | None, status: int) -> None:
    assert prepared(integration(responses=RESPONSES)).response_for(text).response.status_code == status


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        (".*not found.*", "order not found", True),
        (".*not found.*", "not found\nat line 7", False),  # `.` matches no line end
        ("(?s).*not found.*", "not found\nat line 7", True),
        ("not found", "order not found", False),
        (r"\[404\].*", "[404] gone", True),
        (r"\p{Alpha}+", "abc", True),
        ("(a|aa)+$", "a" * 40 + "b", False),  # ends in time
        ("(", "(", False),
    ],
)
def test_patterns_are_javas_and_match_the_whole_message(pattern: str, message: str, matches: bool) -> None:
    of = prepared(integration(responses=[entry(404, pattern), entry(200)]))
    assert of.response_for(message).response.status_code == (404 if matches else 200)


@pytest.mark.parametrize("responses", [[], [entry(400, "4..")]])
def test_without_a_match_and_a_default_it_is_500(responses: list[object]) -> None:
    of = prepared(integration(responses=responses))  # type: ignore[arg-type]
    with pytest.raises(Refusal) as refused:
        of.response_for("200")
    assert refused.value.type == "API_CONFIGURATION_ERROR"


def test_only_what_the_host_performs_can_be_made_ready() -> None:
    with pytest.raises(ValueError, match="storefront/prod GET"):
        Prepared(METHOD)
