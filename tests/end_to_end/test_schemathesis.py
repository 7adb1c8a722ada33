"""examples/validated under requests that schemathesis makes up from its definition, good ones and bad ones.

What the gateway refuses, it refuses by itself; what it lets in, the template or the function answers. It is never at
a loss (500) itself, whatever comes.
"""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange

pytestmark = pytest.mark.envoy

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "validated"
PROGRAM: Final = Path(sysconfig.get_path("scripts")) / "schemathesis"
SECONDS: Final = 300


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(EXAMPLE, tmp_path_factory.mktemp("validated"), {}) as served:
        yield served


def assailed(gateway: RunningGateway, scratch: Path, *options: str) -> None:
    """Send what schemathesis makes up, always the same, and have its checks judge the answers."""
    command = [str(PROGRAM), "run", str(EXAMPLE / "openapi.yaml")]
    command += ["--url", f"http://127.0.0.1:{gateway.port}/prod", "--seed", "1", "--max-examples", "30"]
    command += ["--generation-deterministic", "--no-color", *options]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    assert "generated" in done.stdout


def test_no_request_finds_the_gateway_at_a_loss_and_good_ones_are_let_in(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    assailed(gateway, tmp_path, "--checks", "not_a_server_error,positive_data_acceptance")


def test_a_body_that_breaks_the_model_never_gets_in(gateway: RunningGateway, tmp_path: Path) -> None:
    options = ("--include-method", "POST", "--mode", "negative")
    assailed(gateway, tmp_path, "--checks", "not_a_server_error,negative_data_rejection", *options)


def answer(gateway: RunningGateway, head: str, body: str = "") -> Answer:
    lines = f"{head}\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    [answered] = exchange(gateway.port, lines.encode())
    return answered


MISSING: Final = r"object has missing required properties ([\"kind\"])"
JSON: Final = "HTTP/1.1\r\nContent-Type: application/json"


@pytest.mark.parametrize(
    ("head", "body", "status", "said"),
    [
        (
            f"POST /prod/pets {JSON}",
            '{"name":"Rex"}',
            400,
            f'{{"message":"Invalid request body","errors":"[{MISSING}]"}}',
        ),
        (
            "GET /prod/pets HTTP/1.1",
            "",
            400,
            '{"message": "Missing required request parameters: [X-Shop, kind]"}',
        ),
        (
            f"POST /prod/pets {JSON}",
            '{"name":"Rex","kind":"dog"}',
            201,
            '{"id": 3, "pet": {"name": "Rex", "kind": "dog"}}',
        ),
        (f"PUT /prod/pets/7 {JSON}\r\nIf-Match: 2", '{"age":3}', 200, '{"id": "7", "version": "2"}'),
    ],
)
def test_the_example_answers_as_its_definition_says(
    gateway: RunningGateway, head: str, body: str, status: int, said: str
) -> None:
    answered = answer(gateway, head, body)
    assert (answered.status, answered.body.decode()) == (status, said)
