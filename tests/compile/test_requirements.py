"""What request validators ask for, and the order in which what is missing is named."""

from __future__ import annotations

from compile.gateways import ORIGIN, api, method
from gateline.compile.requirements import required, validated_models
from gateline.model.integration import Location
from gateline.model.rest_api import Method, MethodParameter, RequestValidator

PARAMETERS = (
    MethodParameter(location=Location.QUERYSTRING, name="b", required=True),
    MethodParameter(location=Location.QUERYSTRING, name="a", required=True),
    MethodParameter(location=Location.QUERYSTRING, name="c"),
    MethodParameter(location=Location.PATH, name="id", required=True),
    MethodParameter(location=Location.HEADER, name="x-z", required=True),
    MethodParameter(location=Location.HEADER, name="X-A", required=True),
)
MODELS = (("application/json", "Order"),)
VALIDATORS = (
    RequestValidator(name="all", validate_body=True, validate_parameters=True, origin=ORIGIN),
    RequestValidator(name="body", validate_body=True, validate_parameters=False, origin=ORIGIN),
    RequestValidator(name="parameters", validate_body=False, validate_parameters=True, origin=ORIGIN),
)


def names(validator: str) -> list[str]:
    served = asked(validator)
    return [source.name for source in required(api(served, request_validators=VALIDATORS), served)]


def asked(validator: str) -> Method:
    return method("GET", "/{id}", parameters=PARAMETERS, request_models=MODELS, request_validator=validator)


def test_headers_come_first_then_the_path_then_the_query_each_by_the_alphabet() -> None:
    assert names("all") == ["X-A", "x-z", "id", "a", "b"]
    assert names("parameters") == names("all")


def test_nothing_is_asked_without_a_validator_for_it() -> None:
    assert names("") == names("body") == names("unknown") == []


def test_bodies_are_checked_only_where_a_validator_says_so() -> None:
    served = {name: asked(name) for name in ("all", "body", "parameters", "")}
    found = {
        name: validated_models(api(each, request_validators=VALIDATORS), each)
        for name, each in served.items()
    }
    assert found == {"all": MODELS, "body": MODELS, "parameters": (), "": ()}
