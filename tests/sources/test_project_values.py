from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.sources import project_values as values
from gateline.sources.environment import EnvironmentText
from gateline.sources.project_values import split_host_port


def accepts(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (values.ApiName, ["a", "store-front2", "a" * 63], ["", "A", "a_b", "a.b", "a" * 64, "a\n"]),
        (values.ApiId, ["a1b2c3d4e5"], ["", "a/b", "a_b"]),
        (values.StageName, ["prod", "V_2-x", "a" * 128], ["", "a b", "$default", "a" * 129]),
        (values.VariableName, ["url", "URL_2", "a" * 64], ["", "a-b", "a.b", "a" * 65]),
        (
            values.VariableValue,
            ["internal.storefront", "https://x/?a=b&c,d#e", "a" * 512],
            ["", "a b", "${x}", "a" * 513, "ä", "a\nb"],
        ),
        (values.SecretName, ["ApiGatewayPassthroughHeader", "_x", "a-b"], ["", "1a", "a.b", "a b"]),
        (values.EnvironmentName, ["API_KEY", "_x1"], ["", "1A", "A-B", "A=B"]),
        (
            values.FunctionName,
            ["f", "Auth_1-x", "f:live", "f:$LATEST", "f:7"],
            ["", "f:", ":x", "a b", "f:a:b"],
        ),
        (values.Handler, ["a.b", "com.acme.Handler::run", "bin/x"], ["", "a b", "a\0"]),
        (
            values.Runtime,
            ["python3", "python3.12", "nodejs22.x", "provided.al2023"],
            ["", "Python3", "3", "a-b"],
        ),
        (
            values.FunctionUrl,
            ["http://127.0.0.1:9001/x?y=1", "https://f.example.com", "http://[::1]:9/"],
            [
                "",
                "ftp://a/",
                "a:80",
                "http://",
                "http://u:p@a/",
                "http://a/#x",
                "http://a:0/",
                "http://a:x/",
                "http://169.254.169.254/latest",
                "http://metadata.google.internal/",
                "http://[fd00:ec2::254]/",
                "http://a b/",
            ],
        ),
        (
            values.FunctionArn,
            [
                "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live",
            ],
            ["", "f", "arn:aws:lambda:eu-west-1:1:function:f", "arn:aws:sns:eu-west-1:123456789012:f"],
        ),
        (values.FunctionVariableName, ["A", "a1_B"], ["", "_a", "1", "a-b"]),
        (values.AccountId, ["123456789012"], ["", "12345678901", "1234567890123", "12345678901x"]),
        (
            values.Region,
            ["eu-west-1", "us-gov-west-1", "ap-southeast-2"],
            ["", "EU", "eu-west", "eu-west-1a"],
        ),
        (values.FilePath, ["a.json", "../x y"], ["", "a\0b"]),
        (values.Address, ["127.0.0.1", "0.0.0.0", "::1", "[::]"], ["", "localhost", "127.1", "1.2.3.4:80"]),
        (
            values.HostName,
            ["gw.example.com", "a", "GW.example.COM."],
            ["", "a:80", "http://a", "*.a", "10.0.0.1", "2130706433", "0x7f.1", "a..b", "a/b"],
        ),
        (
            values.HostPort,
            ["10.0.3.7:9000", "orders.internal:80", "[fd00::7]:9000", "localhost:1"],
            [
                "orders",
                "orders:0",
                "orders:65536",
                ":80",
                "fd00::7:9000",
                "http://a:80",
                "a:80/x",
                "169.254.169.254:80",
                "[fe80::1]:80",
                "0xa9fea9fe:80",
                "u@a:80",
            ],
        ),
        (values.Workers, ["auto", 1, 64], [0, "8", True, 1.5, 1025]),
        (values.Number, [0, -1], ["1", True, 1.0]),
        (values.Flag, [True, False], ["true", 1, 0]),
    ],
)
def test_values_are_taken_or_refused(kind: Any, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (values.Number, "8080", 8080),
        (values.Workers, "4", 4),
        (values.Workers, "auto", None),
        (values.Flag, "TRUE", True),
        (values.Flag, "false", False),
    ],
)
def test_text_of_the_environment_may_be_a_number_or_a_flag(kind: Any, text: str, value: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    assert adapter.validate_python(EnvironmentText(text, "${env:X}"), strict=True) == value


@pytest.mark.parametrize("text", ["", "80x", "1.0", "0x10", "²"])
def test_text_of_the_environment_that_is_no_number_is_refused(text: str) -> None:
    assert not accepts(values.Number, EnvironmentText(text, "${env:X}"))


def test_the_name_of_a_secrets_variable_cannot_come_from_the_environment() -> None:
    assert not accepts(values.EnvironmentName, EnvironmentText("API_KEY", "${env:NAME}"))


def test_host_and_port_are_taken_apart() -> None:
    assert split_host_port("orders.internal:80") == ("orders.internal", 80)
    assert split_host_port("[fd00:0::7]:9000") == ("fd00::7", 9000)


def test_refused_values_are_told_with_what_they_should_be() -> None:
    adapter: TypeAdapter[object] = TypeAdapter(values.ApiName)
    with pytest.raises(ValidationError, match=re.escape("1 to 63 of a-z, 0-9 and '-'")):
        adapter.validate_python("A")
