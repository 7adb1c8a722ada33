"""The example as it stands: who gets in and how far, and who knows the secrets.

examples/storefront has all that Gateline was made for: a definition with an authorizer, an internal balancer whose
rules ask for a secret header, and three services that answer nobody else.
"""

from __future__ import annotations

import asyncio
import base64
import json
import runpy
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.runtime import control_client
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, RawConnection, exchange

pytestmark = pytest.mark.envoy

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "storefront"
SECRET: Final = "st-5ecret-c0ffee-1d7e"
KEY: Final = "st-k3y-decade-88f1"
ENVIRON: Final = {"API_GATEWAY_SECRET": SECRET, "TOKEN_KEY": KEY}
SERVICES: Final = ("orders", "customers", "catalog")
SPELLINGS: Final = ("X-User", "x-user", "X-USER", "X_User", "x_user")
SECRET_SPELLINGS: Final = (
    "ApiGatewayPassthroughHeader",
    "apigatewaypassthroughheader",
    "APIGATEWAYPASSTHROUGHHEADER",
)

TELLING_SERVICE: Final = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""A service that tells which headers it got."""

needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of processes")


def token(name: str, role: str, key: str = KEY) -> str:
    """A header with a token as the example's authorizer signs it."""
    sign = runpy.run_path(str(EXAMPLE / "functions" / "authorizer" / "authorizer.py"))["sign"]
    return f"Authorization: Bearer {sign(name, role, key)}"


def request(path: str, *lines: str) -> bytes:
    """A GET with these header lines."""
    return "".join(f"{line}\r\n" for line in (f"GET {path} HTTP/1.1", "Host: localhost", *lines, "")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Storefront:
    """The example, running."""

    gateway: RunningGateway
    folder: Path

    def get(self, path: str, *lines: str) -> Answer:
        """The gateway's answer."""
        [answer] = exchange(self.gateway.port, request(path, *lines))
        return answer

    def told(self, path: str, *lines: str) -> Any:
        """What the service or function says that answers."""
        answer = self.get(path, *lines)
        assert answer.status == 200, answer.raw
        return json.loads(answer.body)

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """The tasks of a service, once all are healthy."""
        for _ in range(3_000):
            listed = asyncio.run(control_client.services(self.folder / "gateline.yaml", self.gateway.state))
            [found] = [each for each in listed if each["name"] == service]
            if found["healthy"] == found["desired"]:
                tasks: list[dict[str, Any]] = found["tasks"]
                return tasks
        raise AssertionError(found)


@pytest.fixture(scope="module")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storefront]:
    with running_gateway(EXAMPLE, tmp_path_factory.mktemp("storefront"), ENVIRON) as gateway:
        yield Storefront(gateway=gateway, folder=EXAMPLE)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storefront]:
    """The example with services that tell their headers, and without the secret in `GET /orders/{id}`."""
    folder, scratch = tmp_path_factory.mktemp("changed") / "storefront", tmp_path_factory.mktemp("scratch")
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".gateline"))
    (folder / "service.py").write_text(TELLING_SERVICE)
    definition = json.loads((folder / "swagger.json").read_text())
    order = definition["paths"]["/orders/{id}"]["get"]["x-amazon-apigateway-integration"]
    del order["requestParameters"]["integration.request.header.ApiGatewayPassthroughHeader"]
    (folder / "swagger.json").write_text(json.dumps(definition))
    command = ["python", "service.py", "{port}"]
    overlay = scratch / "overlay.json"
    overlay.write_text(json.dumps({"services": {name: {"command": command} for name in SERVICES}}))
    with running_gateway(folder, scratch, ENVIRON, "--overlay", str(overlay)) as gateway:
        yield Storefront(gateway=gateway, folder=folder)


def test_nobody_gets_in_without_a_token(storefront: Storefront) -> None:
    for path in ("/prod/orders", "/prod/orders/1", "/prod/customers/1", "/prod/whoami"):
        answer = storefront.get(path)
        assert (answer.status, answer.body) == (401, b'{"message":"Unauthorized"}')


@pytest.mark.parametrize(
    "line",
    [
        token("alice", "customer", "another key"),
        token("alice", "customer")[:-64] + "0" * 64,
        token("alice", "customer").replace("alice", "mallory"),
        "Authorization: Bearer alice.customer.",
        "Authorization: Basic YWxpY2U6",
    ],
)
def test_nobody_gets_in_with_a_token_that_is_not_signed(storefront: Storefront, line: str) -> None:
    assert storefront.get("/prod/orders", line).status == 401


def test_a_visitor_sees_the_sample_order_and_no_other(storefront: Storefront) -> None:
    bob = token("bob", "visitor")
    assert storefront.told("/prod/orders/1", bob)["path"] == "/orders/1"
    for path in ("/prod/orders", "/prod/orders/2", "/prod/customers/1"):
        answer = storefront.get(path, bob)
        assert (answer.status, answer.body) == (
            403,
            b'{"Message":"User is not authorized to access this resource"}',
        )


def test_both_tasks_of_a_service_answer_in_turn(storefront: Storefront) -> None:
    pids = {task["pid"] for task in storefront.tasks("orders")}
    assert len(pids) == 2
    answered = []
    with RawConnection(storefront.gateway.port) as connection:
        for _ in range(4):
            connection.send(request("/prod/orders", token("alice", "customer")))
            answer = connection.receive()
            assert answer is not None
            answered.append(json.loads(answer.body)["task"])
    assert set(answered) == pids
    assert answered[:2] == answered[2:]


def test_customers_are_reached_over_sockets_that_nobody_else_may_open(storefront: Storefront) -> None:
    tasks = storefront.tasks("customers")
    alice = token("alice", "customer")
    answered = [storefront.told("/prod/customers/7", alice) for _ in range(40)]
    assert {each["task"] for each in answered} == {task["pid"] for task in tasks}
    assert {(each["path"], each["user"]) for each in answered} == {("/customers/7", "alice")}
    for task in tasks:
        place = Path(task["address"])
        assert place.is_socket()
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_catalog_is_reached_through_the_vpc_link_by_everybody(storefront: Storefront) -> None:
    pids = {task["pid"] for task in storefront.tasks("catalog")}
    told = storefront.told("/prod/catalog/books/7")
    assert told.pop("task") in pids
    assert told == {"service": "catalog", "path": "/catalog/books/7"}


def test_a_function_is_told_who_calls(storefront: Storefront) -> None:
    assert storefront.told("/prod/whoami", token("alice", "customer")) == {
        "name": "alice",
        "role": "customer",
    }


def test_what_the_definition_does_not_have_is_nowhere(storefront: Storefront) -> None:
    for path in ("/prod/nothing", "/prod/healthz", "/prod/customers", "/orders", "/"):
        assert storefront.get(path, token("alice", "customer")).status == 403


@pytest.mark.parametrize("service", ["orders", "catalog"])
@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("ApiGatewayPassthroughHeader: ",),
        ("ApiGatewayPassthroughHeader: guess",),
        (f"ApiGatewayPassthroughHeader: {SECRET.upper()}",),
        (f"ApiGatewayPassthroughHeader: {SECRET[:-1]}",),
        (f"ApiGatewayPassthroughHeader: {KEY}",),
        ("ApiGatewayPassthroughHeader: ${ApiGatewayPassthroughHeader}",),
        (token("alice", "customer"), "X-User: alice"),
    ],
)
def test_a_task_answers_nobody_who_comes_around_the_gateway(
    storefront: Storefront, service: str, lines: tuple[str, ...]
) -> None:
    for task in storefront.tasks(service):
        host, _, port = task["address"].rpartition(":")
        assert host == "127.0.0.1"
        [answer] = exchange(int(port), request("/orders", *lines))
        assert (answer.status, answer.body) == (403, b'{"message": "only through the gateway"}\n')


@pytest.mark.parametrize("path", ["/prod/orders", "/prod/customers/1", "/prod/catalog/1"])
def test_a_service_hears_from_the_gateway_who_calls_and_never_from_the_client(
    changed: Storefront, path: str
) -> None:
    forged = [f"{name}: eve" for name in SPELLINGS]
    forged += [f"{name}: eve" for name in SECRET_SPELLINGS]
    headers = changed.told(path, token("alice", "customer"), *forged)
    told = {(name.lower().replace("_", "-"), value) for name, value in headers}
    mine = {each for each in told if each[0] in {"x-user", "apigatewaypassthroughheader"}}
    secret = ("apigatewaypassthroughheader", SECRET)
    assert mine == ({secret} if "catalog" in path else {secret, ("x-user", "alice")})
    assert "eve" not in {value for _, value in headers}


def test_the_balancer_refuses_what_comes_without_the_secret(changed: Storefront) -> None:
    alice = token("alice", "customer")
    for lines in ((), *((f"{name}: {SECRET}",) for name in SECRET_SPELLINGS)):
        answer = changed.get("/prod/orders/1", alice, *lines)
        assert (answer.status, answer.body) == (403, b"no")
    assert changed.get("/prod/orders", alice).status == 200


def processes(root: int) -> list[int]:
    """A process and all that came of it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(text.rpartition(")")[2].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def listening(pids: list[int]) -> set[int]:
    """The TCP ports at which these processes listen."""
    ports = {}
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, _, state, *rest = line.split()
            if state == "0A":
                ports[f"socket:[{rest[5]}]"] = int(local.rpartition(":")[2], 16)
    found = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            if descriptor.is_symlink():
                found.add(ports.get(str(descriptor.readlink()), 0))
    return found - {0}


@needs_proc
def test_the_gateway_and_the_tasks_listen_and_nobody_else(storefront: Storefront) -> None:
    tasks = [task for name in ("orders", "catalog") for task in storefront.tasks(name)]
    expected = {int(task["address"].rpartition(":")[2]) for task in tasks} | {storefront.gateway.port}
    assert listening(processes(storefront.gateway.pids["gateline"])) == expected
    assert not expected & {80, 443}  # the balancer's listeners are internal


def forms(secret: str) -> list[bytes]:
    """A secret as it is, and as protobuf and people like to write bytes."""
    return [secret.encode(), base64.b64encode(secret.encode()), secret.encode().hex().encode()]


def asked(storefront: Storefront, path: str) -> bytes:
    """A page of Envoy's admin interface."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(storefront.gateway.admin_socket))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize("secret", [SECRET, KEY], ids=["secret", "key"])
def test_no_file_no_line_and_no_dump_holds_a_secret(storefront: Storefront, secret: str) -> None:
    storefront.told("/prod/orders", token("alice", "customer"))
    kept = [path for path in storefront.gateway.state.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept for form in forms(secret) if form in path.read_bytes()]
    dump = asked(storefront, "/config_dump?include_eds")
    assert b"ApiGatewayPassthroughHeader" in dump
    said = storefront.gateway.output.text.encode()
    assert not [form for form in forms(secret) if form in dump or form in said]


@needs_proc
def test_secrets_are_in_no_argument_and_in_no_environment_but_of_those_who_need_them(
    storefront: Storefront,
) -> None:
    gateway = storefront.gateway
    tasks = {task["pid"] for name in SERVICES for task in storefront.tasks(name)}
    started = {gateway.pids["gateline"], gateway.pids["control"]}  # with both, by the user
    found: dict[str, set[int]] = {"API_GATEWAY_SECRET": set(), "TOKEN_KEY": set()}
    for pid in processes(gateway.pids["gateline"]):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not [form for secret in (SECRET, KEY) for form in forms(secret) if form in arguments]
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        for name, value in ENVIRON.items():
            if value.encode() in environment:
                found[name].add(pid)
    holders = found["API_GATEWAY_SECRET"] | found["TOKEN_KEY"]
    assert holders.isdisjoint({gateway.pids["envoy"], gateway.pids["host"]})
    assert found["API_GATEWAY_SECRET"] == started | tasks
    authorizers = found["TOKEN_KEY"] - started
    assert authorizers.isdisjoint(tasks)
    assert len(authorizers) <= 1  # the worker of the function that declares it
