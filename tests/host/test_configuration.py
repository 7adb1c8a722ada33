from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateline.host.configuration import NOWHERE, ConfigurationInvalid, from_json, to_json
from gateline.model.authorizer import AuthorizerKind
from gateline.model.function import Function, FunctionKind
from gateline.model.hosting import HostConfiguration, HostedAuthorizer, HostedMethod, HostedStage
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
                ),
            ),
        ),
    ),
)


def test_what_is_written_is_read_again() -> None:
    assert from_json(to_json(WHOLE)) == WHOLE
    assert from_json(to_json(HostConfiguration())) == HostConfiguration()


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


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"functions": [{"kind": "python"}]}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        from_json(text)


def test_a_refusal_says_no_value() -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        from_json(changed({"environment": [["PASSWORD", "hunter2", "x"]]}))
    assert "hunter2" not in str(raised.value)
