from typing import Any

import pytest

from gateline.model.diagnostic import Severity
from gateline.model.integration import (
    BodySource,
    ContextSource,
    LiteralSource,
    Location,
    MappingSource,
    ParameterMapping,
    RequestSource,
    ResponseHeaderSource,
    ResponseParameter,
    ResponseSource,
    StageVariableSource,
)
from gateline.model.origin import Origin
from gateline.model.secret import SecretRef
from gateline.sources.mapping import (
    RESERVED_FOR_AWS,
    request_parameters,
    response_parameters,
)
from sources.definitions import Json, codes_of, definition

ROOT = Origin("api.json")


def mapped(
    parameters: Any, *, secrets: tuple[str, ...] = (), **options: Any
) -> tuple[tuple[ParameterMapping, ...], list[str]]:
    made, complaints = definition(secrets=secrets)
    options.setdefault("path_names", ("id", "proxy"))
    mappings = request_parameters(made, {"requestParameters": parameters}, ROOT, **options)
    made.placeholders.report(complaints, lenient=False)
    return mappings, codes_of(complaints)


def source(
    expression: Any, target: str = "integration.request.header.X"
) -> tuple[MappingSource | None, list[str]]:
    mappings, found = mapped({target: expression}, secrets=("Key", "Other"))
    return (mappings[0].source if mappings else None), found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("method.request.path.id", RequestSource(Location.PATH, "id")),
        ("method.request.querystring.q", RequestSource(Location.QUERYSTRING, "q")),
        ("method.request.header.X-A", RequestSource(Location.HEADER, "X-A")),
        ("method.request.multivalueheader.X-A", RequestSource(Location.HEADER, "X-A", multivalue=True)),
        ("method.request.multivaluequerystring.q", RequestSource(Location.QUERYSTRING, "q", multivalue=True)),
        ("method.request.body", BodySource()),
        ("method.request.body.a.b[0]", BodySource("a.b[0]")),
        ("stageVariables.url", StageVariableSource("url")),
        ("context.requestId", ContextSource("requestId")),
        ("context.authorizer.principalId", ContextSource("authorizer.principalId")),
        ("context.identity.sourceIp", ContextSource("identity.sourceIp")),
        ("'static'", LiteralSource(("static",))),
        ("''", LiteralSource(("",))),
        ("'it''s'", LiteralSource(("it''s",))),
        ("'${stageVariables.x}'", LiteralSource(("${stageVariables.x}",))),
        ("'${Key}'", LiteralSource((SecretRef("Key"),))),
        ("${Key}", LiteralSource((SecretRef("Key"),))),
        ("'Bearer ${Key}'", LiteralSource(("Bearer ", SecretRef("Key")))),
        ("Bearer ${Key}", LiteralSource(("Bearer ", SecretRef("Key")))),
        ("${Key}:${Other}!", LiteralSource((SecretRef("Key"), ":", SecretRef("Other"), "!"))),
    ],
)
def test_every_form_of_a_source_is_read(expression: str, expected: MappingSource) -> None:
    assert source(expression) == (expected, [])


@pytest.mark.parametrize(
    "expression",
    [
        "static",
        "'",
        "'open",
        "method.request.cookie.x",
        "method.request.path.",
        "method.request.multivaluepath.id",
        "method.request.header.a b",
        "method.request.querystring.filter[]",
        "Method.request.path.id",
        "stageVariables.a-b",
        "context.",
        "integration.response.header.X",
        "",
        ["'a'"],
        {"a": "'a'"},
    ],
)
def test_what_is_no_expression_is_refused_in_amazons_words(expression: Any) -> None:
    made, complaints = definition()
    fields = {"requestParameters": {"integration.request.querystring.q": expression}}
    assert request_parameters(made, fields, ROOT, path_names=()) == ()
    (diagnostic,) = complaints.report().diagnostics
    assert diagnostic.code.name == "GL340"
    assert diagnostic.message.startswith(
        "Invalid mapping expression specified: Validation Result: warnings : []"
    )


@pytest.mark.parametrize(("expression", "shown"), [(True, "true"), (5, "5"), (None, "null")])
def test_a_mapping_that_is_no_text_is_left_out_with_a_warning_as_amazon_imports_it(
    expression: Any, shown: str
) -> None:
    made, complaints = definition()
    fields = {
        "requestParameters": {
            "integration.request.header.Bare": expression,
            "integration.request.header.Whole": "'x'",
        }
    }
    (mapping,) = request_parameters(made, fields, ROOT, path_names=())
    assert mapping.name == "Whole"
    (diagnostic,) = complaints.report().diagnostics
    assert (diagnostic.code.name, diagnostic.severity) == ("GL340", Severity.WARNING)
    assert diagnostic.message.startswith(
        "Invalid format for 'requestParameters'. Expected type string for property "
        f"'integration.request.header.Bare' but got '{shown}'"
    )
    assert diagnostic.origin == ROOT.child("requestParameters", "integration.request.header.Bare")


@pytest.mark.parametrize(
    "expression",
    ["$request.header.x", "$context.requestId", "$stageVariables.x", "${request.header.x}", "$request.path"],
)
def test_expressions_of_http_apis_are_recognised(expression: str) -> None:
    assert source(expression) == (None, ["GL344"])


@pytest.mark.parametrize("target", ["overwrite:path", "append:header.x", "remove:querystring.q"])
def test_targets_of_http_apis_are_recognised(target: str) -> None:
    assert source("'x'", target) == (None, ["GL344"])


@pytest.mark.parametrize(
    "target",
    [
        "integration.request.body.x",
        "integration.request.header.",
        "integration.request.header.a b",
        "integration.request.header.a\r\nb",
        "integration.request.header.filter[]",
        "method.request.header.X",
        "header.X",
        "",
    ],
)
def test_a_target_that_is_none_is_refused(target: str) -> None:
    assert source("'x'", target) == (None, ["GL341"])


@pytest.mark.parametrize("target", ["header.X-A", "querystring.q", "path.id"])
def test_every_location_is_a_target(target: str) -> None:
    (mapping,), found = mapped({f"integration.request.{target}": "'x'"})
    assert f"{mapping.location}.{mapping.name}" == target
    assert mapping.origin == ROOT.child("requestParameters", f"integration.request.{target}")
    assert found == []


@pytest.mark.parametrize("text", ["'a\r\nX-Evil: 1'", "'a\0b'", "'a\x7f'", "a\n${Key}"])
def test_a_literal_that_would_end_the_line_is_refused(text: str) -> None:
    _, found = source(text)
    assert found == ["GL345"]


def test_a_tab_in_a_literal_is_allowed() -> None:
    assert source("'a\tb'") == (LiteralSource(("a\tb",)), [])


def test_a_header_that_takes_an_undeclared_name_wants_a_secret() -> None:
    assert source("${Nobody}") == (LiteralSource((SecretRef("Nobody"),)), ["GL323"])
    assert source("'x ${Nobody}'") == (LiteralSource(("x ", SecretRef("Nobody"))), ["GL323"])


def test_other_targets_want_a_substitution() -> None:
    assert source("${nobody}", "integration.request.querystring.q") == (None, ["GL320"])
    expected = (LiteralSource(("${nobody}",)), ["GL320"])
    assert source("'${nobody}'", "integration.request.path.id") == expected


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id", "x-amzn-apigateway-api-id"]
)
def test_reserved_headers_are_kept_with_a_warning(name: str) -> None:
    mappings, found = mapped({f"integration.request.header.{name}": "'x'"})
    assert (len(mappings), found) == (1, ["GL342"])


def test_aws_integrations_reserve_more_headers() -> None:
    parameters = {"integration.request.header.Authorization": "'x'"}
    assert mapped(parameters)[1] == []
    assert mapped(parameters, reserved=RESERVED_FOR_AWS)[1] == ["GL342"]


def test_one_header_in_two_spellings_is_refused() -> None:
    parameters = {"integration.request.header.X-A": "'1'", "integration.request.header.x-a": "'2'"}
    assert mapped(parameters)[1] == ["GL341"]


def test_a_path_parameter_that_the_path_lacks_never_has_a_value() -> None:
    assert source("method.request.path.idd")[1] == ["GL343"]


def test_a_context_variable_that_does_not_exist_is_told_with_the_near_one() -> None:
    made, complaints = definition()
    fields: Json = {"requestParameters": {"integration.request.header.X": "context.requestID"}}
    request_parameters(made, fields, ROOT, path_names=())
    (diagnostic,) = complaints.report().diagnostics
    assert (diagnostic.code.name, diagnostic.help) == ("GL343", "did you mean context.requestId?")


def test_parameters_that_are_no_mapping_are_refused() -> None:
    assert mapped([1]) == ((), ["GL303"])


def response(parameters: Any) -> tuple[tuple[ResponseParameter, ...], list[str]]:
    made, complaints = definition()
    found = response_parameters(made, {"responseParameters": parameters}, ROOT)
    made.placeholders.report(complaints, lenient=False)
    return found, codes_of(complaints)


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        ("'*'", LiteralSource(("*",))),
        ("''", LiteralSource(("",))),
        ("integration.response.header.X-A", ResponseHeaderSource("X-A")),
        ("integration.response.multivalueheader.X-A", ResponseHeaderSource("X-A", multivalue=True)),
        ("integration.response.body", BodySource()),
        ("integration.response.body.a.b[0]", BodySource("a.b[0]")),
        ("context.requestId", ContextSource("requestId")),
        ("stageVariables.x", StageVariableSource("x")),
    ],
)
def test_expressions_of_responses_are_kept_as_written_and_read(
    expression: str, source: ResponseSource
) -> None:
    (parameter,), found = response({"method.response.header.X-A": expression})
    assert (parameter.header, parameter.expression, parameter.source, found) == (
        "X-A",
        expression,
        source,
        [],
    )


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"method.response.header.X": "*"}, "GL340"),
        ({"method.response.header.X": "method.request.header.Y"}, "GL340"),
        ({"method.response.header.X": 5}, "GL340"),
        ({"method.response.header.": "'x'"}, "GL341"),
        ({"method.response.body": "'x'"}, "GL341"),
        ({"overwrite:header.x": "'x'"}, "GL344"),
        ({"method.response.header.X": "'a\r\nb'"}, "GL345"),
        ({"method.response.header.X": "'${nobody}'"}, "GL320"),
    ],
)
def test_response_mappings_that_are_none_are_refused(parameters: Any, code: str) -> None:
    assert response(parameters)[1] == [code]


@pytest.mark.parametrize("path", ["a.b[0]", "a..b", "a[?(@.b == 1)]", "$.a", "['a b']", "a[*].b"])
def test_jsonpaths_of_bodies_are_taken(path: str) -> None:
    assert source(f"method.request.body.{path}")[1] == []


@pytest.mark.parametrize("path", ["a[", "a[?(", "a['b"])
def test_a_jsonpath_that_is_none_is_refused(path: str) -> None:
    assert source(f"method.request.body.{path}")[1] == ["GL340"]
    assert response({"method.response.header.X": f"integration.response.body.{path}"})[1] == ["GL340"]
