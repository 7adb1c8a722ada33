"""The pages that start a gateway: it is started, called as they say, and answers what they show."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from docs.markdown import ROOT, Command, blocks, matches
from docs.workshop import SHOWN_OUTPUT, Workshop, page_commands, words
from harness.gateway_process import START_SECONDS, Output, running_gateway
from harness.raw_client import exchange

pytestmark = pytest.mark.envoy

STOREFRONT: Final = ROOT / "examples" / "storefront"
README: Final = ROOT / "README.md"
FIRST: Final = ROOT / "docs" / "getting-started" / "first-gateway.md"
SECRET_GUIDE: Final = ROOT / "docs" / "guides" / "inject-a-secret-header.md"
AUTHORIZER_GUIDE: Final = ROOT / "docs" / "guides" / "write-an-authorizer.md"
CI_GUIDE: Final = ROOT / "docs" / "guides" / "run-in-ci.md"
SECRET: Final = {"API_GATEWAY_SECRET": "of-the-test"}
AUTHORIZER: Final = STOREFRONT / "functions" / "authorizer" / "authorizer.py"
GATEWAY_PORT, ORDERS_PORT = 8080, 9001  # as the pages write them
EXAMPLE_PORT: Final = 8081  # of the README's second example, which test_served_guides.py asks
LAST_LINE: Final = "Ctrl-C ends all of it."


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
    """A page's system.

    `ports` are the true ones by those that the page writes, `names` what the page calls `$NAME`; `banner` is what was
    said at the start.
    """

    ports: Mapping[int, int]
    banner: str
    names: Mapping[str, str] = field(default_factory=dict)

    def curl(self, command: Command) -> str:
        """What `curl` says to a command of the page."""
        _, *rest = words(command)
        for name, value in self.names.items():
            rest = [word.replace(name, value) for word in rest]
        url = urlsplit(rest.pop())
        shows_head = "-i" in rest
        head = [f"GET {url.path} HTTP/1.1", f"Host: {url.netloc}"]
        head += [rest[at + 1] for at, word in enumerate(rest) if word == "-H"]
        assert url.port is not None
        assert len(rest) == shows_head + 2 * rest.count("-H"), f"{command.place}: an option that is not taken"
        data = "".join(f"{line}\r\n" for line in [*head, ""])
        [answer] = exchange(self.ports.get(url.port, url.port), data.encode())
        text = (answer.raw if shows_head else answer.body).decode()
        return ordered(text) if shows_head else text


def ordered(answer: str) -> str:
    """An answer with its header lines in alphabetical order: the gateway keeps none."""
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    return "\n".join([first, *sorted(lines), "", body])


@pytest.fixture(scope="module")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example as `make up` runs it; only the port is another one."""
    folder = tmp_path_factory.mktemp("storefront") / "storefront"
    shutil.copytree(STOREFRONT, folder, ignore=shutil.ignore_patterns(".gateline"))
    process = subprocess.Popen(
        [sys.executable, str(folder / "run.py"), "--port", "0", "--no-watch"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        output = Output(process.stdout)
        try:
            output.wait_for(LAST_LINE, START_SECONDS)
            said = output.text
            [port] = {int(each) for each in re.findall(r":(\d+)/prod", said)}
            names = dict(zip(("$BOB", "$ALICE"), re.findall(r"Bearer ([^']+)'", said), strict=True))
            names["$TASK"] = re.findall(r"straight to orders.*\n.*http://([^/]+)/", said)[0]
            yield Served({GATEWAY_PORT: port}, said.replace(f":{port}", f":{GATEWAY_PORT}"), names)
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            output.whole()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway of the first page, with a service behind it that was started by hand."""
    project, scratch = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("scratch")
    Workshop.of(FIRST, project)
    with service("orders") as port:
        overlay = scratch / "overlay.yaml"
        overlay.write_text(
            f'apis: {{orders: {{stages: {{prod: {{variables: {{url: "127.0.0.1:{port}"}}}}}}}}}}'
        )
        with running_gateway(project, scratch, SECRET, "--overlay", str(overlay)) as gateway:
            gateway.output.wait_for("/prod/orders/1\n")
            banner = gateway.output.text
            ports = {GATEWAY_PORT: gateway.port, ORDERS_PORT: port}
            for written, true in ports.items():
                banner = banner.replace(f":{true}", f":{written}")
            yield Served(ports, banner)


def assert_answers(served: Served, page: Path, curls: int) -> None:
    asked = [command for command in page_commands(page) if command.line.startswith("curl ")]
    asked = [command for command in asked if f":{EXAMPLE_PORT}/" not in command.line]
    assert len(asked) == curls
    for command in asked:
        said = served.curl(command)
        shown = ordered(command.output) if "-i" in words(command) else command.output
        assert matches(shown, said), f"{command.place} says:\n{said}"


def test_the_readme_shows_what_make_up_says(storefront: Served) -> None:
    [shown] = [block.text for block in blocks(README) if block.title == SHOWN_OUTPUT]
    assert matches(shown, storefront.banner), storefront.banner


def test_the_readme_shows_what_its_requests_answer(storefront: Served) -> None:
    assert_answers(storefront, README, 8)


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
