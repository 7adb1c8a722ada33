"""The pages that start a gateway: it is started, called as they say, and answers what they show."""

from __future__ import annotations

import importlib.util
import io
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from docs.markdown import ROOT, Command, blocks, matches
from docs.workshop import SHOWN_OUTPUT, Workshop, page_commands, words
from harness.gateway_process import running_gateway
from harness.raw_client import exchange

pytestmark = pytest.mark.envoy

STOREFRONT: Final = ROOT / "examples" / "storefront"
README: Final = ROOT / "README.md"
FIRST: Final = ROOT / "docs" / "getting-started" / "first-gateway.md"
SECRET_GUIDE: Final = ROOT / "docs" / "guides" / "inject-a-secret-header.md"
AUTHORIZER_GUIDE: Final = ROOT / "docs" / "guides" / "write-an-authorizer.md"
CI_GUIDE: Final = ROOT / "docs" / "guides" / "run-in-ci.md"
KEY: Final = "of-the-test"
SECRET: Final = {"API_GATEWAY_SECRET": "of-the-test", "TOKEN_KEY": KEY}
AUTHORIZER: Final = STOREFRONT / "functions" / "authorizer" / "authorizer.py"
GATEWAY_PORT, ORDERS_PORT, CATALOG_PORT = 8080, 9001, 9002  # as the pages write them


def tokens() -> dict[str, str]:
    """The tokens that pages call $ALICE and $BOB."""
    sign = runpy.run_path(str(AUTHORIZER))["sign"]
    return {"$ALICE": sign("alice", "customer", KEY), "$BOB": sign("bob", "visitor", KEY)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service(name: str) -> Iterator[int]:
    """A service of the example on a port of its own."""
    port = free_port()
    command = [sys.executable, str(STOREFRONT / "service.py"), name, str(port)]
    process = subprocess.Popen(command, env={**os.environ, **SECRET})
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Served:
    """A page's system. `ports` are the true ones by those that the page writes; `banner` is what `up` said."""

    ports: dict[int, int]
    banner: str

    def curl(self, command: Command) -> str:
        """What `curl` says to a command of the page."""
        _, *rest = words(command)
        url = urlsplit(rest.pop())
        shows_head = "-i" in rest
        head = [f"GET {url.path} HTTP/1.1", f"Host: {url.netloc}"]
        head += [rest[at + 1] for at, word in enumerate(rest) if word == "-H"]
        assert url.port is not None
        assert len(rest) == shows_head + 2 * rest.count("-H"), f"{command.place}: an option that is not taken"
        data = "".join(f"{line}\r\n" for line in [*head, ""])
        for name, token in tokens().items():
            data = data.replace(name, token)
        [answer] = exchange(self.ports[url.port], data.encode())
        text = (answer.raw if shows_head else answer.body).decode()
        return ordered(text) if shows_head else text


def ordered(answer: str) -> str:
    """An answer with its header lines in alphabetical order: the gateway keeps none."""
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    return "\n".join([first, *sorted(lines), "", body])


@contextmanager
def serving(
    project: Path, overlay: str, scratch: Path, services: dict[int, str], *, last_line: str
) -> Iterator[Served]:
    """The project with the example's services behind it, each by the port that the pages write.

    `last_line` ends the last line that `up` says by itself.
    """
    with ExitStack() as opened:
        ports = {written: opened.enter_context(service(name)) for written, name in services.items()}
        for written, true in ports.items():
            overlay = overlay.replace(str(written), str(true))
        over = scratch / "overlay.yaml"
        over.write_text(overlay)
        gateway = opened.enter_context(running_gateway(project, scratch, SECRET, "--overlay", str(over)))
        ports[GATEWAY_PORT] = gateway.port
        gateway.output.wait_for(f"{last_line}\n")
        said = gateway.output.text.splitlines(keepends=True)
        # As root, functions that cannot have a user of their own are told of while it starts.
        banner = "".join(line for line in said if "not isolated:" not in line)
        for written, true in ports.items():
            banner = banner.replace(f":{true}", f":{written}")
        yield Served(ports, banner)


@pytest.fixture(scope="module")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    overlay = """
        apis: {storefront: {stages: {prod: {variables: {url: "127.0.0.1:9001"}}}}}
        vpc_links: {storefront-link: {target: ["127.0.0.1:9002"]}}
    """
    services = {ORDERS_PORT: "orders", CATALOG_PORT: "catalog"}
    scratch = tmp_path_factory.mktemp("storefront")
    with serving(STOREFRONT, overlay, scratch, services, last_line="/prod/whoami") as served:
        yield served


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = tmp_path_factory.mktemp("first")
    Workshop.of(FIRST, project)
    overlay = 'apis: {orders: {stages: {prod: {variables: {url: "127.0.0.1:9001"}}}}}'
    scratch, services = tmp_path_factory.mktemp("scratch"), {ORDERS_PORT: "orders"}
    with serving(project, overlay, scratch, services, last_line="/prod/orders/1") as served:
        yield served


def assert_answers(served: Served, page: Path, curls: int) -> None:
    asked = [command for command in page_commands(page) if command.line.startswith("curl ")]
    assert len(asked) == curls
    for command in asked:
        said = served.curl(command)
        shown = ordered(command.output) if "-i" in words(command) else command.output
        assert matches(shown, said), f"{command.place} says:\n{said}"


def test_the_readme_shows_what_make_up_says(storefront: Served) -> None:
    [shown] = [block.text for block in blocks(README) if block.title == SHOWN_OUTPUT]
    assert matches(shown[shown.index("Gateline") :], storefront.banner)


def test_the_readme_shows_what_its_requests_answer(storefront: Served) -> None:
    assert_answers(storefront, README, 6)


def test_the_secret_guide_shows_what_its_requests_answer(storefront: Served) -> None:
    assert_answers(storefront, SECRET_GUIDE, 2)


def test_the_authorizer_guide_shows_what_its_requests_answer(storefront: Served) -> None:
    assert_answers(storefront, AUTHORIZER_GUIDE, 4)


def test_the_authorizer_guide_shows_the_function_of_the_example() -> None:
    [shown] = [block.text for block in blocks(AUTHORIZER_GUIDE) if block.language == "python"]
    assert shown == AUTHORIZER.read_text(encoding="utf-8")


def test_the_first_gateway_says_what_is_written(first: Served) -> None:
    [up] = [command for command in page_commands(FIRST) if command.line == "gateline up"]
    assert matches(up.output, first.banner)


def test_the_first_gateway_answers_what_is_written(first: Served) -> None:
    assert_answers(first, FIRST, 5)


def test_the_readme_names_the_services_as_the_example_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("storefront_run", STOREFRONT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    class Started:
        def __init__(self, *_: object, **__: object) -> None:
            self.stdout = io.BytesIO(b"listening\n")

        def wait(self) -> int:
            return 0

        def terminate(self) -> None:
            pass

    monkeypatch.setattr(example.subprocess, "Popen", Started)
    main: Callable[[], int] = example.main
    assert main() == 0
    [shown] = [block.text for block in blocks(README) if block.title == SHOWN_OUTPUT]
    assert matches(shown[: shown.index("Gateline")], capsys.readouterr().out)


def test_gateline_run_answers_what_is_written(tmp_path: Path) -> None:
    [run] = [command for command in page_commands(CI_GUIDE) if command.line.startswith("gateline run")]
    _, *arguments = words(run)
    own_python = [sys.executable if word == "python" else word for word in arguments]
    at = own_python.index("--")
    own_python[at:at] = ["--state", str(tmp_path / "state")]
    answer = subprocess.run(
        [sys.executable, "-m", "gateline", *own_python],
        cwd=ROOT,
        env={**os.environ, **SECRET, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert matches(run.output, answer.stdout)
