"""Every operation of every definition of the shared corpus is called once, through one running gateway."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from corpus import answers
from corpus.documents import REFUSED, SERVED, Needs, api_name, project
from corpus.schema_example import example
from gateline.model.diagnostic import Severity
from gateline.model.integration import IntegrationKind, Location
from gateline.model.rest_api import Method, RestApi, SegmentKind
from gateline.sources import load
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend
from sources.definitions import CORPUS

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus does not lie beside this repository"),
]

KEY: Final = "a-key-that-is-long-enough-for-amazon"
NOT_FOUND: Final = b"Missing Authentication Token"


def written(folder: Path, names: dict[str, Needs]) -> Path:
    """A project folder with these documents and what they need."""
    for name, needs in names.items():
        text = (CORPUS / name).read_text(encoding="utf-8")
        for host, instead in needs.hosts.items():
            assert host in text
            text = text.replace(host, instead)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(answers.__file__, folder / "answers.py")
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project(names)), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class Called:
    """An operation and its answer."""

    api: RestApi
    method: Method
    answer: Answer


def path_of(method: Method) -> str:
    """A path that the method serves."""
    values = {SegmentKind.STATIC: None, SegmentKind.PARAMETER: "1", SegmentKind.GREEDY: "a/b"}
    return "/" + "/".join(values[s.kind] or s.text for s in method.path.segments)


def request_to(api: RestApi, method: Method, headers: dict[str, str]) -> tuple[bytes, str]:
    """A request with all that the method may ask for, and its verb."""
    verb = "GET" if method.http_method == "ANY" else method.http_method
    lines = {"Host": f"{api.name}.localhost", "Authorization": "Bearer x", "x-api-key": KEY}
    query = []
    for parameter in method.parameters:
        if parameter.location is Location.HEADER:
            lines[parameter.name] = "x"
        elif parameter.location is Location.QUERYSTRING:
            query.append(f"{parameter.name}=1")
    lines.update(headers)
    body = b""
    if method.request_models and verb not in {"GET", "HEAD", "OPTIONS"}:
        media_type, model = method.request_models[0]
        models = dict(api.models)
        body = json.dumps(example(json.loads(models[model]), models)).encode()
        lines["Content-Type"] = media_type
    if verb in {"POST", "PUT", "PATCH"}:
        lines["Content-Length"] = str(len(body))
    target = f"/prod{path_of(method)}" + (f"?{'&'.join(query)}" if query else "")
    head = "\r\n".join([f"{verb} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in lines.items()), "", ""])
    return head.encode() + body, verb


def calls(folder: Path, environ: dict[str, str], scratch: Path) -> Iterator[Called]:
    """Each operation of the project, called."""
    loaded = load(folder / "gateline.yaml", environ=environ, checking=True)
    errors = [d.message for d in loaded.report.diagnostics if d.severity is Severity.ERROR]
    assert not errors, errors
    assert loaded.gateway is not None
    needed = {api_name(name): needs.headers for name, needs in SERVED.items()}
    with running_gateway(folder, scratch, environ) as gateway:
        for api in loaded.gateway.apis:
            for method in api.methods:
                data, verb = request_to(api, method, needed[api.name])
                (answer,) = exchange(gateway.port, data, to_head=verb == "HEAD")
                yield Called(api, method, answer)


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> list[Called]:
    """Every operation of every document that is served, with its answer."""
    folder, scratch = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("scratch")
    with RecordingBackend() as backend:
        environ = {
            "ECHO": f"127.0.0.1:{backend.port}",
            "API_KEY": KEY,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
        }
        return list(calls(written(folder, SERVED), environ, scratch))


def named(call: Called) -> str:
    """An operation with what it was answered, for a person."""
    return f"{call.api.title}: {call.method.http_method} {call.method.path.text}: {call.answer.raw[:400]!r}"


def maps_trace_id(method: Method) -> bool:
    """Whether the method maps a header that may not be mapped: 500 at Amazon, and a warning here (GL342)."""
    return any(m.name.lower() == "x-amzn-trace-id" for m in method.integration.request_parameters)


def test_every_operation_is_found(called: list[Called]) -> None:
    missing = [named(call) for call in called if NOT_FOUND in call.answer.body]
    assert not missing, "\n".join(missing)
    assert len({call.api.name for call in called}) == len(SERVED)
    assert len(called) >= 65


def test_nobody_is_turned_away_who_has_all_that_is_asked(called: list[Called]) -> None:
    refused = [named(call) for call in called if call.answer.status in {401, 403, 429}]
    assert not refused, "\n".join(refused)


def test_no_operation_is_answered_by_an_error_of_the_gateway_itself(called: list[Called]) -> None:
    faults = [
        named(call)
        for call in called
        if call.answer.status >= 500 and not (maps_trace_id(call.method) and call.answer.status == 500)
    ]
    assert not faults, "\n".join(faults)


def test_preflight_requests_are_answered_as_people_write_them(called: list[Called]) -> None:
    preflights = [
        call
        for call in called
        if call.method.http_method == "OPTIONS" and call.method.integration.kind is IntegrationKind.MOCK
    ]
    assert len(preflights) >= 3
    for call in preflights:
        expected = {
            parameter.header.lower(): parameter.expression[1:-1]
            for response in call.method.integration.responses
            for parameter in response.response_parameters
            if parameter.expression.startswith("'")
        }
        assert call.answer.status in {200, 204}, named(call)
        for name, value in expected.items():
            assert call.answer.all(name.encode()) == [value.encode()], named(call)


@pytest.mark.parametrize("name", REFUSED)
def test_a_document_that_is_not_served_is_refused_for_the_listed_reasons(name: str) -> None:
    command = [sys.executable, "-m", "gateline", "check", str(CORPUS / name)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert set(re.findall(r"^error\[(GL\d{3})\]", done.stdout + done.stderr, re.MULTILINE)) == REFUSED[name]


def test_every_definition_of_the_corpus_is_served_or_refused() -> None:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        kinds = {row["file"]: row["kind"] for row in csv.DictReader(file, delimiter="\t")}
    assert {name for name, kind in kinds.items() if "openapi" in kind} == {*SERVED, *REFUSED}
