from typing import Any

import pytest

from gateline.model.diagnostic import Severity
from gateline.model.integration import IntegrationKind
from gateline.model.origin import Origin
from gateline.sources.endpoint import check_endpoint
from sources.definitions import codes_of, definition

HERE = Origin("api.json", ("uri",))
ARN = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations"


def judged(uri: str, kind: IntegrationKind = IntegrationKind.HTTP_PROXY, **options: Any) -> list[str]:
    made, complaints = definition(**options)
    check_endpoint(made, kind, uri, HERE)
    made.placeholders.report(complaints, lenient=False)
    return codes_of(complaints)


@pytest.mark.parametrize(
    "uri",
    [
        "http://orders.internal/x",
        "https://orders.internal:8443",
        "HTTP://h",
        "http://h?q={id}",
        "http://h/{proxy}",
        "http://h/a{id}b",
        "http://10.0.3.7:9000/",
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::1]:8080/x",
        "http://my_service/x",
        "https://${stageVariables.TestHost}/${stageVariables.testPath}?${stageVariables.querystring}",
        "${stageVariables.url}/x",
        "http://h/${path\\}",
        "http://h/x?a=b&c=$d",
    ],
)
def test_endpoints_are_accepted(uri: str) -> None:
    assert judged(uri) == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "orders.internal/x",
        "file:///etc/passwd",
        "ftp://h/",
        "gopher://h:70/_x",
        "http:/h",
        "http://",
        "http:///x",
        "http://?x",
        "http://:80/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:99999999999/",
        "http://h:/",
        "http://h:http/",
        "http://user:pass@h/",
        "http://good@evil/",
        "http://good\\@evil/",
        "http://h%2eevil/",
        "http://[fe80::1%25eth0]/",
        "http://[::1]x/",
        "http://[nope]/",
        "http://a b/",
        "http://h/a b",
        "http://h/\r\nX: 1",
        "http://h/\0",
        "http://h/é",
        "http://\ue000/",
        "javascript:alert(1)",
        "//h/x",
    ],
)
def test_what_is_no_endpoint_is_refused(uri: str) -> None:
    assert judged(uri) == ["GL332"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://{host}/x",
        "http://h{id}/x",
        "http://h.{tenant}.internal/",
        "http://h:{port}/",
        "http://${stageVariables.h}{proxy}",
        "https://h{proxy}",
    ],
)
def test_a_request_can_never_choose_the_host(uri: str) -> None:
    assert judged(uri) == ["GL333"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/v2/credentials",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0xA9.254.0xa9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://169.254.169.254./",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]:80/",
        "http://100.100.100.200/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://METADATA.google.internal./",
        "http://0.0.0.0/",
    ],
)
def test_metadata_services_are_refused_in_every_disguise(uri: str) -> None:
    assert judged(uri) == ["GL334"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("169.254.169.254", "GL334"),
        ("169.254.169.254/latest", "GL334"),
        ("a@b", "GL332"),
        ("h:port", "GL332"),
        ("orders.internal/base", None),
        ("orders.internal:8080", None),
    ],
)
def test_the_variables_of_every_stage_are_judged(value: str, code: str | None) -> None:
    stages = {"dev": {"url": "fine.internal"}, "prod": {"url": value}}
    assert judged("http://${stageVariables.url}/x", stages=stages) == ([code] if code else [])


def test_a_scheme_from_a_variable_is_judged() -> None:
    assert judged("${stageVariables.u}/x", stages={"dev": {"u": "file:///etc"}}) == ["GL332"]
    assert judged("${stageVariables.u}/x", stages={"dev": {"u": "https://h"}}) == []


def test_every_use_of_a_refused_host_is_told_at_its_own_place() -> None:
    made, complaints = definition()
    for number in range(3):
        check_endpoint(made, IntegrationKind.HTTP, "http://169.254.169.254/x", HERE.child(number))
    assert [d.origin.pointer[-1] for d in complaints.report().diagnostics] == [0, 1, 2]


@pytest.mark.parametrize(
    "uri", ["http://h/${path}", "http://h/x?a=${b}", "https://${stageVariables.h}/${path}"]
)
def test_a_placeholder_behind_the_host_is_sent_as_it_is_written_as_at_amazon(uri: str) -> None:
    made, complaints = definition()
    check_endpoint(made, IntegrationKind.HTTP_PROXY, uri, HERE)
    made.placeholders.report(complaints, lenient=False)
    [told] = complaints.report().diagnostics
    assert (told.code.name, told.severity) == ("GL320", Severity.WARNING)
    assert "sent as it is written" in told.message


@pytest.mark.parametrize("uri", ["http://${host}/x", "${endpoint_modules.a-b.uri}", "http://h/${lower_case}"])
def test_a_placeholder_without_a_value_is_told_as_such(uri: str) -> None:
    assert judged(uri) == ["GL320"]


@pytest.mark.parametrize("kind", [IntegrationKind.AWS, IntegrationKind.AWS_PROXY])
def test_functions_and_services_have_arns(kind: IntegrationKind) -> None:
    assert judged(ARN, kind) == []
    assert judged("arn:${AWS::P}:apigateway:eu:dynamodb:action/GetItem", kind) == ["GL320"]
    assert judged("http://h/", kind) == ["GL332"]
    assert judged("arn:aws:lambda:eu-west-1:1:function:f", kind) == ["GL332"]
    assert judged("", kind) == ["GL332"]


def test_a_mock_has_no_endpoint() -> None:
    assert judged("anything ${at} all", IntegrationKind.MOCK) == []


def test_messages_do_not_repeat_credentials() -> None:
    made, complaints = definition()
    check_endpoint(made, IntegrationKind.HTTP, "http://user:hunter2@h/", HERE)
    assert "hunter2" not in str(complaints.report())
