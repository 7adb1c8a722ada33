from __future__ import annotations

import json
import typing
from dataclasses import is_dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateline.host.configuration import NOWHERE, ConfigurationInvalid, from_json, to_json
from gateline.model.authorizer import AuthorizerKind
from gateline.model.function import Function, FunctionKind
from gateline.model.hosting import HostConfiguration, HostedAuthorizer, HostedMethod, HostedStage
from gateline.model.integration import Integration, IntegrationKind, Location, ParameterMapping, RequestSource
from gateline.model.origin import Origin

FUNCTION = Function(
    name="authorizer",
    kind=FunctionKind.PYTHON,
    handler="authorizer.handler",
    code="code",
    layers=("layer.zip",),
    timeout=timedelta(seconds=1.5),
    environment=(("ISSUER", "https://id.example.com"),),
    origin=NOWHERE,
)
WHOLE = HostConfiguration(
    functions=(FUNCTION,),
    revisions=(("authorizer", "r1"),),
    stages=(
        HostedStage(
            scope="shop/prod",
            api_id="shop",
            stage="prod",
            account_id="123456789012",
            region="us-east-1",
            variables=(("url", "internal"),),
            authorizers=(
                HostedAuthorizer(
                    name="tokens", kind=AuthorizerKind.TOKEN, function="authorizer", ttl=300, validation="a+"
                ),
            ),
            methods=(
                HostedMethod(
                    route="shop/prod GET /",
                    resource="/",
                    resource_id="abc",
                    function="authorizer",
                    is_post=False,
                    integration=Integration(
                        kind=IntegrationKind.HTTP,
                        request_parameters=(
                            ParameterMapping(
                                location=Location.PATH,
                                name="id",
                                source=RequestSource(Location.PATH, "id"),
                                origin=NOWHERE,
                            ),
                        ),
                        origin=NOWHERE,
                    ),
                ),
            ),
        ),
    ),
)


def test_what_is_written_is_read_again() -> None:
    assert from_json(to_json(WHOLE)) == WHOLE
    assert from_json(to_json(HostConfiguration())) == HostConfiguration()


SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    NoneType: st.none(),
    timedelta: st.integers(0, 900_000).map(lambda count: timedelta(milliseconds=count)),
    Origin: st.just(NOWHERE),
}


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type of the model."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, UnionType):
        return st.one_of([of(each) for each in kind.__args__])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    if is_dataclass(kind):
        assert isinstance(kind, type)
        return st.builds(kind, **{name: of(hint) for name, hint in typing.get_type_hints(kind).items()})
    parts = typing.get_args(kind)
    if parts[-1] is ...:
        return st.lists(of(parts[0]), max_size=2).map(tuple)
    return st.tuples(*map(of, parts))


@settings(suppress_health_check=[HealthCheck.too_slow])  # it is a large value, and machines are busy
@given(configuration=of(HostConfiguration))
def test_any_configuration_is_read_as_it_was_written(configuration: HostConfiguration) -> None:
    assert from_json(to_json(configuration)) == configuration


def test_a_function_that_moved_in_its_file_is_the_same_function() -> None:
    moved = replace(FUNCTION, origin=Origin("gateline.yaml", ("functions", "authorizer")))
    assert to_json(replace(WHOLE, functions=(moved,))) == to_json(WHOLE)


def changed(change: dict[str, Any]) -> bytes:
    written = json.loads(to_json(WHOLE))
    written["functions"][0].update(change)
    return json.dumps(written).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nmae": "x"}, "unknown key"),
        ({"name": 3}, r"functions\.name is no str"),
        ({"minimum": True}, "minimum is no int"),
        ({"maximum": "4"}, "maximum is no int"),
        ({"kind": "cobol"}, "kind is no FunctionKind"),
        ({"kind": ["python"]}, "kind is no FunctionKind"),
        ({"timeout": "3"}, "timeout is no timedelta"),
        ({"layers": "a"}, "layers is no list"),
        ({"environment": [["A"]]}, "has not 2 parts"),
        ({"environment": [["A", 1]]}, "environment is no str"),
    ],
)
def test_what_is_no_configuration_is_refused_by_its_place(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=words):
        from_json(changed(change))


@pytest.mark.parametrize(
    "source",
    [
        {"location": "path", "name": "id", "multivalue": False},
        {"is": "RequestSource", "name": "id"},
        {"is": "RequestSource", "location": "path", "name": "id", "path": "x"},
        {"is": "Integration", "kind": "http"},
        {"is": "Nonsense", "name": "id"},
        {"is": ["RequestSource"], "name": "id"},
        {"is": "StageVariableSource", "name": 7},
        "RequestSource",
        None,
    ],
)
def test_a_source_is_of_the_class_that_it_names_and_nothing_else(source: object) -> None:
    written = json.loads(to_json(WHOLE))
    written["stages"][0]["methods"][0]["integration"]["request_parameters"][0]["source"] = source
    with pytest.raises(ConfigurationInvalid, match=r"request_parameters\.source"):
        from_json(json.dumps(written))


def test_the_pepper_is_neither_in_refusals_nor_in_a_representation() -> None:
    written = json.loads(to_json(replace(WHOLE, pepper="hunter2")))
    written["keys"] = written["pepper"]
    with pytest.raises(ConfigurationInvalid) as raised:
        from_json(json.dumps(written))
    assert "hunter2" not in f"{raised.value}{replace(WHOLE, pepper='hunter2')}"


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"functions": [{"kind": "python"}]}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        from_json(text)


def test_a_refusal_says_no_value() -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        from_json(changed({"environment": [["PASSWORD", "hunter2", "x"]]}))
    assert "hunter2" not in str(raised.value)
