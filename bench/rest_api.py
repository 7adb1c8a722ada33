"""The part about REST APIs: what each of their features costs a request that meets it.

Each row stands beside bare Envoy that proxies the same request to the same backend, as far as there is one; what no
backend sees (mocks, functions, refusals) stands beside a GET. Methods with a feature stand in one project, so every
one of them passes the filters that the others need; `alone` is a project without any of them.
"""

from __future__ import annotations

import contextlib
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from bench import machine
from bench.load import Asked
from bench.measure import Case, Row, interleaved
from bench.projects import FUNCTION, write_project
from bench.servers import LARGE, Server, bare_envoy, gateline

FEATURES = Path(__file__).with_name("features")
KEY = "bench-key-with-its-20-characters"
JSON = "Content-Type: application/json"
POSTED = Asked(verb="POST", headers=(JSON,), body=1000)
GZIP = Asked(headers=("Accept-Encoding: gzip",))


def rest_api_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time and rate of each feature, against bare Envoy of the same round."""
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(bare_envoy(folder, upstream.port))
        alone = stack.enter_context(
            gateline(write_project(folder / "alone", 10, upstream.port), "--no-watch")
        )
        project = shutil.copytree(FEATURES, folder / "features")
        environ = {
            "BACKEND": f"127.0.0.1:{upstream.port}",
            "FUNCTION": str(FUNCTION),
            "BENCH_KEY": KEY,
        }
        served = stack.enter_context(gateline(project, "--no-watch", environ=environ))
        _prove(served)
        rows: list[Row] = []
        for cases in (_small(bare, alone, served), _posted(bare, served), _large(bare, served)):
            rows += interleaved(cases, rounds)
        return rows


def _prove(served: Server) -> None:
    """See that the features do something: what they refuse is refused, and what they change has changed.

    Raises:
        NotUp: they do not.

    """
    for path, status in (("required/7?page=1", 400), ("keyed/7", 403), ("mock/7", 200), ("function", 200)):
        if not machine.answers(f"{served.url}/prod/{path}", status=status):
            raise machine.NotUp(f"/prod/{path} does not answer {status}")
    for path, body, status in (("validated", b"{}", 400), ("templates", b'{"name": "rex"}', 200)):
        asked = urllib.request.Request(f"{served.url}/prod/{path}/7", data=body, method="POST")
        asked.add_header(*JSON.split(": "))
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                got = answer.status
        except urllib.error.HTTPError as error:
            with error:
                got = error.code
        if got != status:
            raise machine.NotUp(f"/prod/{path}/7 answers {got}, not {status}")
    asked = urllib.request.Request(served.url + _of("zipped", "/large"), headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        if answer.headers["Content-Encoding"] != "gzip":
            raise machine.NotUp("an answer of 10 kB is not compressed")


def _small(bare: Server, alone: Server, served: Server) -> list[Case]:
    refused = Asked(status=403)
    return [
        _case("bare Envoy, GET", bare, "/items/7"),
        _case("mapped route, alone", alone, "/prod/r0/7"),
        _case("mapped route, beside all of these", served, "/prod/plain/7"),
        _case(
            "required parameters (3)", served, "/prod/required/7?page=1", Asked(headers=("X-Tenant: acme",))
        ),
        _case("API key, throttle and quota", served, "/prod/keyed/7", Asked(headers=(f"x-api-key: {KEY}",))),
        _case("mock, constant", served, "/prod/mock"),
        _case("mock, templates", served, "/prod/mock/7"),
        _case("aws_proxy, a function that answers at once", served, "/prod/function"),
        _case("403, no such method", served, "/prod/none", refused),
        _case("403, no such method, customised", served, _of("refusing", "/none"), refused),
    ]


def _posted(bare: Server, served: Server) -> list[Case]:
    return [
        _case("bare Envoy, POST of 1 kB", bare, "/items/7", POSTED),
        _case("mapped route, POST of 1 kB", served, "/prod/plain/7", POSTED),
        _case("validated body of 1 kB", served, "/prod/validated/7", POSTED),
        _case("http, request and response template, 1 kB", served, "/prod/templates/7", POSTED),
    ]


def _large(bare: Server, served: Server) -> list[Case]:
    return [
        _case("bare Envoy, answer of 10 kB", bare, LARGE),
        _case("answer of 10 kB, not compressed", served, f"/prod/plain/{LARGE.rsplit('/', 1)[1]}", GZIP),
        _case("answer of 10 kB, may be compressed, not asked", served, _of("zipped", "/large")),
        _case("answer of 10 kB, compressed", served, _of("zipped", "/large"), GZIP),
    ]


def _of(api: str, path: str) -> str:
    """A path of an API that is not the default one: its stage has its name."""
    return f"/restapis/{api}/{api}/_user_request_{path}"


def _case(name: str, server: Server, path: str, asked: Asked | None = None) -> Case:
    return Case(name=name, server=server, path=path, asked=asked or Asked())
