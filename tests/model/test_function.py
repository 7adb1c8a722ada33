from __future__ import annotations

import pytest

from gateline.model.function import Function, FunctionKind, calls_function, named_function, written_function
from gateline.model.origin import Origin

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:auth"
INVOCATION = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{}/invocations"


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        (INVOCATION.format(ARN), "auth"),
        (INVOCATION.format(ARN + ":live"), "auth:live"),
        (INVOCATION.format(ARN + ":$LATEST"), "auth:$LATEST"),
        (INVOCATION.format("auth"), "auth"),
        (INVOCATION.format(ARN).replace("/invocations", "/response-streaming-invocations"), "auth"),
        (ARN, "auth"),
        ("auth:7", "auth:7"),
        ("", None),
        (INVOCATION.format(""), None),
        (INVOCATION.format("arn:aws:lambda:eu-west-1:123456789012:function:"), None),
        ("http://example.com/", None),
        ("${authorizer_uri}", None),
        ("arn:aws:apigateway:eu-west-1:firehose:action/PutRecord", None),
    ],
)
def test_a_function_is_read_out_of_every_form_of_a_uri(uri: str, written: str | None) -> None:
    assert written_function(uri) == written


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({"auth"}, "auth"),
        ({"auth", "auth:live"}, "auth:live"),
        ({"auth:live"}, "auth:live"),
        ({"auth:test"}, None),
        ({"Auth"}, None),
        (set(), None),
    ],
)
def test_the_alias_counts_only_where_it_is_declared(declared: set[str], found: str | None) -> None:
    assert named_function(INVOCATION.format(ARN + ":live"), declared) == found


@pytest.mark.parametrize(
    ("uri", "calls"),
    [
        (INVOCATION.format("arn:aws:lambda:eu-west-1:123456789012:function:orders"), True),
        ("arn:aws:apigateway:eu-west-1:sqs:path/123456789012/orders", False),
        ("arn:aws:apigateway:eu-west-1:lambda:action/ListFunctions", False),
    ],
)
def test_only_paths_of_lambda_are_calls_of_functions(uri: str, calls: bool) -> None:
    assert calls_function(uri) is calls


def test_a_functions_environment_is_not_shown() -> None:
    function = Function(
        name="f", kind=FunctionKind.PYTHON, environment=(("KEY", "hunter2"),), origin=Origin("gateline.yaml")
    )
    assert "hunter2" not in repr(function)
