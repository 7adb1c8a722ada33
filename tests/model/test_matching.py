from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.reference_router import route
from gateline.model.authorizer import Authorization
from gateline.model.integration import Integration, IntegrationKind
from gateline.model.matching import matched
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, PathTemplate, Segment, SegmentKind

HERE = Origin("api.yaml")


def template(text: str) -> PathTemplate:
    kinds = {True: SegmentKind.GREEDY, False: SegmentKind.PARAMETER}
    parts = text[1:].split("/") if text != "/" else []
    return PathTemplate(
        text,
        tuple(
            Segment(kinds[part.endswith("+}")], part.strip("{+}"))
            if part.startswith("{")
            else Segment(SegmentKind.STATIC, part)
            for part in parts
        ),
    )


def method(written: str) -> Method:
    verb, path = written.split(" ")
    return Method(
        path=template(path),
        http_method=verb,
        integration=Integration(kind=IntegrationKind.MOCK, origin=HERE),
        authorization=Authorization(origin=HERE),
        origin=HERE,
    )


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/orders/7", (("id", "7"),)),
        ("/orders/7/", (("id", "7"),)),
        ("/orders/a%2Fb", (("id", "a%2Fb"),)),
        ("/files/a/b//c", (("proxy", "a/b//c"),)),
        ("/", ()),
    ],
)
def test_path_parameters_are_as_they_were_sent(path: str, parameters: tuple[tuple[str, str], ...]) -> None:
    found = matched(map(method, ["GET /orders/{id}", "GET /files/{proxy+}", "GET /"]), "GET", path)
    assert found is not None
    assert found.path_parameters == parameters


def test_a_verb_that_api_gateway_does_not_have_is_not_any() -> None:
    assert matched([method("ANY /x")], "TRACE", "/x") is None


WORDS = st.sampled_from(["a", "b", "{p}", "{q}", "{r+}"])
METHODS = st.lists(
    st.tuples(st.sampled_from(["GET", "PUT", "ANY"]), st.lists(WORDS, max_size=3)).map(
        lambda each: f"{each[0]} /{'/'.join(each[1])}"
    ),
    max_size=5,
    unique=True,
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(METHODS, st.sampled_from(["GET", "PUT", "DELETE"]), PATHS)
def test_the_method_is_the_one_of_the_reference(methods: list[str], verb: str, path: str) -> None:
    legal = [each for each in methods if "+}/" not in each]
    by_shape = {each.replace("{q}", "{p}"): each for each in legal}  # an API has no two of one shape
    found = matched(map(method, by_shape.values()), verb, path)
    name = f"{found.method.http_method} {found.method.path.text}" if found else ""
    assert name == route(by_shape.values(), verb, path)
