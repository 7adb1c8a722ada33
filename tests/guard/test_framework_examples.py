"""The examples for FastAPI, Flask and Django, each behind a real server in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

import gateline_guard

EXAMPLES = Path(__file__).parents[2] / "guard" / "examples"
SERVERS = {
    "fastapi_app": """
import asyncio, socket, uvicorn
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(guarded, log_level="error")).run(sockets=[listener])
""",
    "flask_app": """
from wsgiref.simple_server import make_server
server = make_server("127.0.0.1", 0, guarded)
print(server.server_port, flush=True)
server.serve_forever()
""",
}
SERVERS["django_app"] = SERVERS["flask_app"]


@pytest.mark.parametrize("name", SERVERS)
def test_an_example_lets_in_the_gateway_alone(name: str) -> None:
    places = [str(EXAMPLES), str(Path(gateline_guard.__file__).parents[1])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "API_GATEWAY_SECRET": "s3"}
    program = f"from {name} import guarded\n{SERVERS[name]}"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            answers = []
            for secret in ("s3", "wrong"):
                connection = HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("GET", "/whoami", headers={"x-gateway-secret": secret})
                response = connection.getresponse()
                answers.append((response.status, b'"secret"' in response.read()))
                connection.close()
        finally:
            server.kill()
    assert answers == [(200, True), (401, False)]
