from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.sources import balancer_values as values
from gateline.sources.environment import EnvironmentText


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (values.CheckPort, "traffic-port", None),
        (values.CheckPort, 8080, 8080),
        (values.CheckPort, EnvironmentText("8080", "${env:P}"), 8080),
        (values.CheckCodes, 200, "200"),
        (values.CheckCodes, "200,204-299", "200,204-299"),
        (values.RedirectPort, 443, "443"),
        (values.RedirectPort, "#{port}", "#{port}"),
        (values.RedirectPort, "65535", "65535"),
        (values.RedirectPath, "/#{host}/#{path}#x", "/#{host}/#{path}#x"),
        (values.RedirectQuery, "", ""),
        (values.RedirectQuery, "#{query}&p=#{protocol}", "#{query}&p=#{protocol}"),
        (values.RedirectHost, "www.#{host}", "www.#{host}"),
        (values.ResponseCode, 404, "404"),
        (values.AnyStatusCode, "HTTP_302", "HTTP_302"),
        (values.BindAddress, "[::1]:80", "[::1]:80"),
        (values.ListenerProtocolName, "TCP", "TCP"),
    ],
)
def test_values_are_read_in_their_spellings(kind: Any, written: object, read: object) -> None:
    assert TypeAdapter(kind).validate_python(written, strict=True) == read


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (values.CheckPort, 0),
        (values.CheckPort, True),
        (values.CheckPort, "80"),
        (values.CheckCodes, "600"),
        (values.CheckCodes, "199-200"),
        (values.CheckCodes, "299-200"),
        (values.CheckCodes, "200, 201"),
        (values.CheckCodes, True),
        (values.CheckPath, "healthz"),
        (values.CheckPath, "/a b"),
        (values.RedirectPort, 0),
        (values.RedirectPort, 65536),
        (values.RedirectPort, "#{host}"),
        (values.RedirectPath, "#{path}"),
        (values.RedirectPath, "/#{query}"),
        (values.RedirectPath, "/" + "a" * 128),
        (values.RedirectQuery, "#{fragment}"),
        (values.RedirectQuery, "a\r\nb"),
        (values.RedirectHost, "#{port}"),
        (values.RedirectHost, "a/b"),
        (values.RedirectHost, "a:80"),
        (values.RedirectProtocol, "http"),
        (values.RedirectCode, "301"),
        (values.ResponseCode, 301),
        (values.ResponseCode, 100),
        (values.BindAddress, "localhost:80"),
        (values.BindAddress, "127.1:80"),
        (values.BindAddress, "127.0.0.1"),
        (values.BindAddress, "127.0.0.1:0"),
        (values.ActionType, "authenticate"),
        (values.ActionType, "allow"),
        (values.ListenerProtocolName, "QUIC"),
        (values.TargetGroupProtocol, "QUIC"),
    ],
)
def test_other_values_are_refused(kind: Any, written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(written, strict=True)


def test_codes_become_inclusive_ranges() -> None:
    assert values.code_ranges("200,204-299") == ((200, 200), (204, 299))
    assert values.code_ranges("") == ()
