"""The part about shutting services off: what each way costs a request, beside the plain path of the same round.

Every way is a project of its own with one route, the same but for that way; the first of them, `plain`, has none. Each
is asked for the same item of the same backend, as far as the way allows.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.certificates import HOST, envoy_with_certificate, papers, showing, verifying_backend
from bench.link import link_project, linked
from bench.measure import Case, Row, interleaved
from bench.projects import SECRET, SECRET_VARIABLE
from bench.servers import ECHO, Server, bare_envoy, gateline
from bench.unix_socket import served_at

PLAIN = "plain path"
_TOKEN = "eyJ"  # how every signed token begins


def private_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time and rate of each way, against bare Envoy and against the plain path of the same round."""
    with contextlib.ExitStack() as stack:
        cases = [
            Case(
                name="bare Envoy",
                server=stack.enter_context(bare_envoy(folder, upstream.port)),
                path="/items/7",
            )
        ]
        ways = stack.enter_context(_ways(folder, upstream))
        cases += [Case(name=name, server=server, path="/prod/items/7") for name, server in ways]
        rows = interleaved(cases, rounds)
    plain = next(row for row in rows if row["what"] == PLAIN)
    for row in rows[1:]:
        row["times_plain"] = round(_cost(row) / _cost(plain), 2)
    return rows


@contextlib.contextmanager
def _ways(folder: Path, upstream: Server) -> Iterator[list[tuple[str, Server]]]:
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(gateline(write_way(folder / "plain", upstream.port), "--no-watch"))
        header = stack.enter_context(
            gateline(
                write_way(
                    folder / "header",
                    upstream.port,
                    {"integration.request.header.Passthrough": "${Passthrough}"},
                    secrets={"Passthrough": {"env": SECRET_VARIABLE}},
                ),
                "--no-watch",
            )
        )
        signed = {
            f"assertion{of}": stack.enter_context(
                gateline(
                    write_way(folder / f"assertion-{bind}", upstream.port, apis=_signed(bind)), "--no-watch"
                )
            )
            for bind, of in (("caller", ""), ("request", " of each request"))
        }
        for server, proof in ((header, SECRET), *((server, _TOKEN) for server in signed.values())):
            with urllib.request.urlopen(f"{server.url}/prod{ECHO}", timeout=5) as answer:
                if proof not in answer.read().decode():
                    raise machine.NotUp(f"the backend does not get what {server.url} should send")
        certificate = stack.enter_context(_certificate(folder))
        inner: dict[str, object] = {
            "connectionType": "VPC_LINK",
            "connectionId": "inner",
            "uri": "http://items/items/{id}",
        }
        tunnel = write_way(folder / "link", upstream.port, instead=inner, **link_project(machine.free_port()))
        link = stack.enter_context(linked(tunnel, upstream.port))
        own = {
            f"service of Gateline's at a {name}": stack.enter_context(
                gateline(
                    write_way(folder / name.split()[-1], 0, instead=inner, **served_at(place)), "--no-watch"
                )
            )
            for name, place in (("port", "127.0.0.1:{port}"), ("Unix socket", "unix:{socket}"))
        }
        yield [
            (PLAIN, plain),
            ("secret header", header),
            *signed.items(),
            *certificate,
            ("link, its node included", link),
            *own.items(),
        ]


def _signed(bind: str) -> dict[str, object]:
    """The API, its requests carrying assertions: in a header that the backend tells."""
    assertion = {"audience": "items", "bind": bind, "integrations": "all", "header": "X-Principal"}
    return {"api": {"definition": "api.json", "stages": {"prod": {"assertion": assertion}}}}


@contextlib.contextmanager
def _certificate(folder: Path) -> Iterator[list[tuple[str, Server]]]:
    """TLS to a backend that lets in nobody without a client certificate, by bare Envoy and by Gateline."""
    shown = papers(folder / "papers")
    with contextlib.ExitStack() as stack:
        verifying = stack.enter_context(verifying_backend(folder, shown))
        bare = stack.enter_context(envoy_with_certificate(folder, verifying.port, shown))
        uri: dict[str, object] = {
            "uri": f"https://{HOST}/items/{{id}}",
            "connectionType": "VPC_LINK",
            "connectionId": "wire",
        }
        project = showing(shown, verifying.port)
        gateway = stack.enter_context(
            gateline(write_way(folder / "certificate", 0, instead=uri, **project), "--no-watch")
        )
        yield [("bare Envoy, client certificate", bare), ("client certificate", gateway)]


def write_way(
    folder: Path,
    port: int,
    mapped: dict[str, str] | None = None,
    instead: dict[str, object] | None = None,
    **project: object,
) -> Path:
    """A project whose one route passes `/items/{id}` to the backend.

    Args:
        folder: where it is written.
        port: of the backend, on 127.0.0.1.
        mapped: more request parameters of the integration.
        instead: other keys of the integration.
        project: more keys of the project file, or others.

    """
    folder.mkdir(parents=True)
    whole_integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": f"http://127.0.0.1:{port}/items/{{id}}",
        "requestParameters": {"integration.request.path.id": "method.request.path.id", **(mapped or {})},
        **(instead or {}),
    }
    method = {
        "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": whole_integration,
    }
    document = {
        "swagger": "2.0",
        "info": {"title": "bench", "version": "1"},
        "paths": {"/items/{id}": {"get": method}},
    }
    (folder / "api.json").write_text(json.dumps(document))
    whole = {
        "name": "bench",
        "gateway": {"workers": 1, "default_api": "api"},
        "apis": {"api": {"definition": "api.json", "stages": {"prod": {}}}},
        **project,
    }
    (folder / "gateline.yaml").write_text(json.dumps(whole))
    return folder


def _cost(row: Row) -> float:
    cost = row["cpu_us"]
    assert isinstance(cost, float | int)
    return float(cost)
