"""F4: malicious definitions are refused when they are read, at the line where it stands; nothing is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.compile import compile_gateway
from gateline.model.diagnostic import Diagnostic, Severity
from gateline.model.gateway import Keyring
from gateline.model.secret import Secret
from gateline.sources import load

FORBIDDEN_URIS = {
    "metadata address": "http://169.254.169.254/latest/meta-data/",
    "metadata address with a port": "http://169.254.169.254:80/",
    "metadata address as one number": "http://2852039166/",
    "metadata address in hexadecimal": "http://0xa9fea9fe/",
    "metadata address in octal": "http://0251.0376.0251.0376/",
    "metadata address in two parts": "http://169.16689662/",
    "metadata address as a root name": "http://169.254.169.254./",
    "metadata address mapped into IPv6": "http://[::ffff:169.254.169.254]/",
    "metadata address mapped into IPv6, in hexadecimal": "http://[::ffff:a9fe:a9fe]/",
    "metadata address behind NAT64": "http://[64:ff9b::a9fe:a9fe]/",
    "metadata address in IPv6": "http://[fd00:ec2::254]/",
    "metadata name": "http://metadata.google.internal/",
    "metadata name in capitals": "http://METADATA.google.internal./",
    "task metadata address": "http://169.254.170.2/v2/credentials",
    "link-local address": "http://169.254.1.1/",
    "link-local address in IPv6": "http://[fe80::1]/",
    "link-local address with a zone": "http://[fe80::1%25eth0]/",
    "no address": "http://0.0.0.0/",
    "multicast": "http://224.0.0.1/",
    "another cloud's metadata": "http://100.100.100.200/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://example.com/",
    "gopher": "gopher://example.com/",
    "data": "data:text/plain,hello",
    "unix socket": "unix:///run/docker.sock",
    "no scheme": "example.com/x",
    "host of the request": "http://{host}/",
    "part of the host of the request": "http://{tenant}.internal.example/",
    "port of the request": "http://internal.example:{port}/",
    "user part of the request": "http://{user}@internal.example/",
}

FORBIDDEN_BY_VARIABLE = {
    "metadata address": "169.254.169.254",
    "metadata address as one number": "2852039166",
    "metadata address with a path": "169.254.169.254/latest",
    "metadata name": "metadata.google.internal",
}

FORBIDDEN_REFS = {
    "file": "file:///etc/passwd",
    "absolute path": "/etc/passwd",
    "path out of the project": "../../../../../../etc/passwd",
    "URL": "http://evil.example/definition.json",
    "secure URL": "https://evil.example/definition.json#/x",
    "metadata address": "http://169.254.169.254/latest/meta-data/",
}

FORBIDDEN_SECRET_PLACES = {
    "uri": {"uri": "http://127.0.0.1:1/${Key}"},
    "query": {"requestParameters": {"integration.request.querystring.key": "'${Key}'"}},
    "path": {
        "uri": "http://127.0.0.1:1/{k}",
        "requestParameters": {"integration.request.path.k": "'${Key}'"},
    },
    "response header": {
        "responses": {
            "default": {"statusCode": "200", "responseParameters": {"method.response.header.X": "'${Key}'"}}
        }
    },
}

LINE_BREAKING = {
    "CRLF": "'a\r\nX-Evil: 1'",
    "LF": "'a\nX-Evil: 1'",
    "CR": "'a\rX-Evil: 1'",
    "NUL": "'a\x00'",
}

LAUGHS = """
swagger: "2.0"
info: {title: t, version: "1"}
x-a: &a [x, x, x, x, x, x, x, x, x]
x-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
x-c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
x-d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
x-e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
x-f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
x-g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]
x-h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g]
x-i: &i [*h, *h, *h, *h, *h, *h, *h, *h, *h]
paths: {}
"""

TAGS = {
    "python object": "x: !!python/object/apply:os.system ['touch pwned']",
    "python name": "x: !!python/name:os.system",
    "python module": "x: !!python/module:os",
}


def document(integration: dict[str, object], **more: object) -> str:
    """A definition with one method; each line holds one value."""
    whole = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1:1/", **integration}
    operation = {"responses": {}, "x-amazon-apigateway-integration": whole}
    paths = {"/a/{host}/{tenant}/{port}/{user}/{k}": {"get": operation}}
    return json.dumps(
        {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}, indent=1
    )


def errors(
    folder: Path, definition: str, *, variables: str = "{}", name: str = "api.json"
) -> list[Diagnostic]:
    """What is wrong with a project that serves the definition, read and compiled as `up` does."""
    (folder / name).write_text(definition)
    (folder / "gateline.yaml").write_text(
        f"apis: {{api: {{definition: {name}, stages: {{prod: {{variables: {variables}}}}}}}}}\n"
        "secrets: {Key: {env: KEY}}\n"
    )
    loaded = load(folder / "gateline.yaml", environ={"KEY": "value"})
    diagnostics = list(loaded.report.diagnostics)
    if loaded.gateway is not None:
        keyring = Keyring(secrets=(Secret("Key", b"value"),))
        diagnostics += compile_gateway(loaded.gateway, keyring).report.diagnostics
    found = [each for each in diagnostics if each.severity is Severity.ERROR]
    for diagnostic in found:
        assert loaded.locate(diagnostic.origin).line >= 1
    return found


@pytest.mark.parametrize("uri", FORBIDDEN_URIS.values(), ids=FORBIDDEN_URIS)
def test_an_uri_that_nothing_may_reach_is_refused_where_it_stands(tmp_path: Path, uri: str) -> None:
    found = errors(tmp_path, document({"uri": uri}))
    assert [each for each in found if Path(each.origin.file).name == "api.json"]


@pytest.mark.parametrize("host", FORBIDDEN_BY_VARIABLE.values(), ids=FORBIDDEN_BY_VARIABLE)
def test_a_stage_variable_cannot_lead_where_nothing_may_go(tmp_path: Path, host: str) -> None:
    definition = document({"uri": "http://${stageVariables.host}/"})
    assert errors(tmp_path, definition, variables=json.dumps({"host": host}))


@pytest.mark.parametrize("reference", FORBIDDEN_REFS.values(), ids=FORBIDDEN_REFS)
def test_a_reference_reads_no_file_outside_of_the_project_and_no_url(tmp_path: Path, reference: str) -> None:
    definition = json.loads(document({}))
    definition["paths"]["/b"] = {"$ref": reference}
    found = errors(tmp_path, json.dumps(definition, indent=1))
    assert found
    assert all("root:" not in each.message for each in found)


@pytest.mark.parametrize("integration", FORBIDDEN_SECRET_PLACES.values(), ids=FORBIDDEN_SECRET_PLACES)
def test_a_secret_stands_in_a_request_header_or_nowhere(
    tmp_path: Path, integration: dict[str, object]
) -> None:
    assert errors(tmp_path, document(integration))


@pytest.mark.parametrize("literal", LINE_BREAKING.values(), ids=LINE_BREAKING)
def test_a_literal_that_would_end_its_line_is_refused(tmp_path: Path, literal: str) -> None:
    assert errors(tmp_path, document({"requestParameters": {"integration.request.header.X-A": literal}}))


@pytest.mark.parametrize("name", ["X A", "X:A", "X\r\nA", "", ":path", "X\x00", "é"])
def test_a_header_name_that_is_no_token_is_refused(tmp_path: Path, name: str) -> None:
    assert errors(tmp_path, document({"requestParameters": {f"integration.request.header.{name}": "'a'"}}))


def test_aliases_that_unfold_to_billions_are_refused_or_shared(tmp_path: Path) -> None:
    assert errors(tmp_path, LAUGHS, name="api.yaml")


@pytest.mark.parametrize("line", TAGS.values(), ids=TAGS)
def test_a_tag_of_yaml_runs_no_code(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert errors(
        tmp_path, f"swagger: '2.0'\ninfo: {{title: t, version: '1'}}\n{line}\npaths: {{}}\n", name="api.yaml"
    )
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="lists"),
        pytest.param('{"a":' * 100_000, id="maps"),
        pytest.param("[" * 100_000 + "]" * 100_000, id="closed lists"),
        pytest.param('{"swagger":"2.0","paths":' + '{"a":' * 50_000 + "1" + "}" * 50_001, id="closed maps"),
    ],
)
@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
def test_a_document_nested_without_end_is_an_error_and_no_crash(tmp_path: Path, text: str, name: str) -> None:
    assert errors(tmp_path, text, name=name)


def test_references_in_a_circle_are_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    definition = json.loads(document({}))
    definition["paths"]["/b"] = {"$ref": "#/paths/~1c"}
    definition["paths"]["/c"] = {"$ref": "#/paths/~1b"}
    assert errors(tmp_path, json.dumps(definition, indent=1))
