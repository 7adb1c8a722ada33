"""A new client certificate every second under load: how many requests, how many failed, how many certificates.

    PYTHONPATH=src:tests python -m end_to_end.certificates.soak --seconds 60

Four servers verify the gateway: uvicorn, nginx, Node, and a host behind a network balancer. Ends with 1 if a request
failed, or if fewer certificates were shown than half as many as there were seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from end_to_end.certificates.conftest import environment
from gateline.runtime import control_client
from harness.busy_callers import BusyCallers
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import exchange

PROJECT: Final = Path(__file__).parent / "project"
NAME: Final = "gateway-identity"
PATHS: Final = ("/prod/uvicorn", "/prod/nginx", "/prod/node", "/prod/wired")
AT_ONCE: Final = 8
"""Requests at once to the end host, so that some take a new connection, and show what counts now."""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    seconds: int = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        Path(name).chmod(0o711)
        return _soak(Path(name), seconds)


def _soak(folder: Path, seconds: int) -> int:
    project, scratch = folder / "project", folder / "scratch"
    shutil.copytree(PROJECT, project)
    scratch.mkdir()
    path = project / "gateline.yaml"
    said = f"{NAME}: {{generate: true"
    text = path.read_text()
    assert said in text
    path.write_text(text.replace(said, f"{said}, rotate_every_seconds: 1"))
    environ = environment("127.0.0.1:9", "127.0.0.1:9")  # which nobody is asked for
    with running_gateway(project, scratch, environ, "--log-format", "none") as gateway, ExitStack() as stack:
        port = gateway.port
        callers = {each: stack.enter_context(BusyCallers(port, _request(each), count=1)) for each in PATHS}
        issued, seen = _watched(path, gateway, seconds)
    requests = {each: callers[each].answers.total() for each in PATHS}
    failed = {each: requests[each] - callers[each].answers[200] for each in PATHS}
    for each in PATHS:
        print(f"{each}: {requests[each]} requests, {failed[each]} failed: {dict(callers[each].answers)}")
    print(f"{len(issued)} certificates shown in {seconds} s, {len(seen)} of them seen by the end host")
    return int(any(failed.values()) or len(issued) * 2 < seconds or len(seen) < 2)


def _watched(project: Path, gateway: RunningGateway, seconds: int) -> tuple[set[str], set[str]]:
    """The serial numbers of the certificates that the gateway has served with, and that the end host has been shown.

    A certificate is shown on new connections, and those that are open are used first.
    """
    issued: set[str] = set()
    seen: set[str] = set()
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() < end:
            told = asyncio.run(
                control_client.ask(project, gateway.state, {"do": "certificates", "action": "list"})
            )
            issued.update(each["serial"] for each in told["certificates"] if each["name"] == NAME)
            answers = pool.map(lambda _: exchange(gateway.port, _request("/prod/wired")), range(AT_ONCE))
            seen.update(answer.body.decode().rpartition(" ")[2].lower().lstrip("0") for [answer] in answers)
    return issued, seen & issued


def _request(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()


if __name__ == "__main__":
    sys.exit(main())
