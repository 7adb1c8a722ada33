"""deploy/compose.yaml: the schema of the Compose specification, what is reachable, and the system that it makes."""

from __future__ import annotations

import http.client
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cli.commands import PATIENCE, first_line, rest, started
from docs.markdown import ROOT

FOLDER: Final = ROOT / "deploy"
COMPOSE: Final = FOLDER / "compose.yaml"
OVERLAY: Final = FOLDER / "storefront.yaml"
STOREFRONT: Final = ROOT / "examples" / "storefront"
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))
CHECK: Final = (SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec")
SECRETS: Final = {"API_GATEWAY_SECRET": "of-the-test", "TOKEN_KEY": "of-the-test"}

FILE: Final[Mapping[str, Any]] = yaml.safe_load(COMPOSE.read_text())
LAID_OVER: Final[Mapping[str, Any]] = yaml.safe_load(OVERLAY.read_text())
SERVICES: Final[Mapping[str, Any]] = {
    name: service for name, service in FILE["services"].items() if name != "gateway"
}
GATEWAY: Final[Mapping[str, Any]] = FILE["services"]["gateway"]


def test_it_is_a_compose_file() -> None:
    said = subprocess.run([*CHECK, COMPOSE], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_the_schema_finds_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {gateway: {imagge: python}}")
    assert (
        subprocess.run([*CHECK, tmp_path / "compose.yaml"], capture_output=True, check=False).returncode == 1
    )


def test_only_the_gateway_has_a_port_and_only_on_this_machine() -> None:
    assert GATEWAY["ports"] == ["127.0.0.1:8080:8080"]
    assert [name for name, service in SERVICES.items() if {"ports", "network_mode"} & service.keys()] == []


def test_the_services_are_on_a_network_without_a_way_out() -> None:
    assert {tuple(service["networks"]) for service in SERVICES.values()} == {("cluster",)}
    assert FILE["networks"]["cluster"] == {"internal": True}
    assert "cluster" in GATEWAY["networks"]


def test_no_container_may_more_than_it_must() -> None:
    for service in FILE["services"].values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_have_a_full_version_and_name_no_registry() -> None:
    [from_line] = {
        line for line in (FOLDER / "Dockerfile").read_text().split("\n") if line.endswith(" AS build")
    }
    assert {service["image"] for service in SERVICES.values()} == {from_line.split()[1]}


def test_every_secret_is_required_of_the_environment() -> None:
    for service in FILE["services"].values():
        for name in SECRETS.keys() & service["environment"].keys():
            assert service["environment"][name].startswith(f"${{{name}:?")


def test_what_is_mounted_or_built_is_there() -> None:
    mounts = [mount for service in FILE["services"].values() for mount in service["volumes"]]
    folders = [mount.split(":")[0] for mount in mounts if mount[0] == "."]
    build = GATEWAY["build"]
    folders.append(str(Path(build["context"], build["dockerfile"])))
    assert [each for each in folders if not (FOLDER / each).resolve().exists()] == []
    assert [mount for mount in mounts if mount[0] == "." and not mount.endswith(":ro")] == []
    assert {mount.split(":")[0] for mount in mounts if mount[0] != "."} == FILE["volumes"].keys()


def test_there_is_time_for_the_drain() -> None:
    drain = LAID_OVER["gateway"]["drain"]
    grace = int(GATEWAY["stop_grace_period"].removesuffix("s"))
    assert drain["delay_seconds"] + drain["timeout_seconds"] < grace


def test_the_gateway_finds_the_services_by_their_names() -> None:
    project = yaml.safe_load((STOREFRONT / "gateline.yaml").read_text())
    targets = {name: group["targets"] for name, group in LAID_OVER["target_groups"].items()}
    assert targets.keys() == project["target_groups"].keys() == SERVICES.keys() == project["services"].keys()
    for name, service in SERVICES.items():
        assert targets[name] == [f"{name}:{service['command'][-1].partition(':')[2]}"]
        assert service["command"][:2] == ["python", service["volumes"][0].split(":")[1]]


@contextmanager
def service(name: str) -> Iterator[int]:
    """A service of the example where its container would be; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    command = [sys.executable, str(STOREFRONT / "service.py"), name, f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env={**os.environ, **SECRETS}) as process:
        try:
            with socket.socket() as probe:
                while probe.connect_ex(("127.0.0.1", port)):
                    assert process.poll() is None
            yield port
        finally:
            process.terminate()


def ask(port: int, path: str, token: str) -> tuple[int, dict[str, Any]]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.envoy
def test_the_system_that_it_makes_answers(tmp_path: Path) -> None:
    with ExitStack() as opened:
        laid_over = yaml.safe_load(OVERLAY.read_text())
        for name, group in laid_over["target_groups"].items():
            group["targets"] = [f"127.0.0.1:{opened.enter_context(service(name))}"]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            laid_over["gateway"] |= {"admin": {"port": probe.getsockname()[1]}, "drain": {"delay_seconds": 0}}
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(laid_over))
        name, *options = GATEWAY["command"]
        options[options.index("--overlay") + 1] = str(overlay)
        options[options.index("--state") + 1] = str(tmp_path / "state")
        arguments = [name, STOREFRONT, "--port", "0", *options]
        process = opened.enter_context(started(*arguments, environ=SECRETS))
        told = json.loads(first_line(process))
        while told.get("event") != "serving":
            told = json.loads(first_line(process))
        port = int(told["url"].rpartition(":")[2])
        sign = runpy.run_path(str(STOREFRONT / "functions" / "authorizer" / "authorizer.py"))["sign"]
        token = sign("alice", "customer", SECRETS["TOKEN_KEY"])
        assert ask(port, "/prod/orders", "")[0] == 401
        status, answer = ask(port, "/prod/orders", token)
        while status == 503:  # until the first health check
            status, answer = ask(port, "/prod/orders", token)
        assert (status, answer.get("service"), answer.get("user")) == (200, "orders", "alice"), answer
        process.send_signal(signal.SIGTERM)
        _, err = rest(process)
        assert (process.returncode, err) == (0, "")
