"""The guides about what the gateway says and maps: each one's project is served, called as it says, and answers so."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from docs.markdown import ROOT, Command, matches
from docs.test_served_pages import EXAMPLE_PORT, README, free_port, ordered
from docs.workshop import Workshop, page_commands, words
from harness.gateway_process import running_gateway
from harness.raw_client import exchange

pytestmark = pytest.mark.envoy

GUIDES: Final = ROOT / "docs" / "guides"
BACKEND: Final = "echo.py"
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
CURLS: Final = {
    "mapping-templates": 4, "call-functions-and-services": 3, "validate-requests": 6, "gateway-responses": 4,
    "cors": 3,
}  # fmt: skip
"""How many requests each guide shows."""


@contextmanager
def backend(folder: Path) -> Iterator[list[str]]:
    """Runs the page's backend, if it has one, on a port of its own; the options that lead the gateway there."""
    program, port = folder / BACKEND, free_port()
    if not program.exists():
        yield []
        return
    process = subprocess.Popen([sys.executable, str(program), str(port)], stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        overlay = folder / "overlay.yaml"
        overlay.write_text(
            f'gateway: {{aws: {{endpoints: {{sqs: "http://127.0.0.1:{port}"}}}}}}\n'
            f'apis: {{orders: {{stages: {{prod: {{variables: {{backend: "127.0.0.1:{port}"}}}}}}}}}}'
        )
        yield ["--overlay", str(overlay)]
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Request:
    """What a line with `curl` asks for."""

    data: bytes
    shows_head: bool

    @staticmethod
    def of(command: Command) -> Request:
        """As curl would ask."""
        _, *rest = words(command)
        url = urlsplit(rest.pop())
        shows_head, said = "-i" in rest, [word for word in rest if word != "-i"]
        options: Mapping[str, list[str]] = {"-H": [], "-X": [], "-d": []}
        for name, value in zip(said[::2], said[1::2], strict=True):
            options[name].append(value)
        body = "&".join(options["-d"]).encode()
        verb = (options["-X"] or ["POST" if options["-d"] else "GET"])[0]
        target = url.path + (f"?{url.query}" if url.query else "")
        head = [f"{verb} {target} HTTP/1.1", f"Host: {url.netloc}", *options["-H"]]
        head += [f"Content-Length: {len(body)}"] if verb == "POST" else []
        return Request("".join(f"{line}\r\n" for line in [*head, ""]).encode() + body, shows_head)


def assert_answers(port: int, asked: Sequence[Command]) -> None:
    """Each request of a page is answered as the page shows it."""
    for command in asked:
        request = Request.of(command)
        [answer] = exchange(port, request.data)
        said = ordered(answer.raw.decode()) if request.shows_head else answer.body.decode()
        shown = ordered(command.output) if request.shows_head else command.output
        assert matches(shown, said), f"{command.place} says:\n{said}"


@pytest.mark.parametrize("guide", CURLS)
def test_a_guide_shows_what_its_requests_answer(guide: str, tmp_path: Path) -> None:
    page, project, scratch = GUIDES / f"{guide}.md", tmp_path / "project", tmp_path / "scratch"
    project.mkdir()
    scratch.mkdir()
    Workshop.of(page, project)
    asked = [command for command in page_commands(page) if command.line.startswith("curl ")]
    assert len(asked) == CURLS[guide]
    with backend(project) as options, running_gateway(project, scratch, CREDENTIALS, *options) as gateway:
        assert_answers(gateway.port, asked)


def test_the_readme_shows_what_the_second_example_answers(tmp_path: Path) -> None:
    asked = [each for each in page_commands(README) if f":{EXAMPLE_PORT}/" in each.line]
    assert len(asked) == 3
    with running_gateway(ROOT / "examples" / "validated", tmp_path, {}) as gateway:
        assert_answers(gateway.port, asked)
