"""A service is shut off a level at a time while callers ask for it: none of their requests fails.

The steps are those of docs/guides/shut-your-services-off.md, with the programs of examples/private.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from harness.busy_callers import BusyCallers
from harness.gateway_process import running_gateway
from harness.raw_client import exchange

from .conftest import Shop, request

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]

ROOT: Final = Path(__file__).parents[3]
EXAMPLE: Final = ROOT / "examples" / "private"
SEARCH: Final = os.pathsep.join((str(ROOT / "guard" / "src"), *(each for each in sys.path if each)))

OPEN: Final = ["python", "application.py", "application", "{port}"]
GUARDED: Final = ["python", "guarded.py", "application", "{port}"]
BESIDE: Final = ["python", "beside.py", "{port}"]
AT_A_SOCKET: Final = ["python", "application.py", "application", "{socket}"]


def definition(*, with_header: bool) -> str:
    header = {"integration.request.header.X-Gateway-Secret": "'${Secret}'"} if with_header else {}
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://internal.x/application",
        "requestParameters": header,
    }
    paths = {"/application": {"get": {"x-amazon-apigateway-integration": integration}}}
    whole = {"swagger": "2.0", "info": {"title": "a", "version": "1"}, "paths": paths}
    return yaml.safe_dump(whole)


def project(command: list[str], *, asserted: bool = False, verified: bool = False) -> str:
    """The project file. `asserted`: the gateway signs who calls; `verified`: the service asks for that."""
    listener = {
        "protocol": "HTTP",
        "port": 80,
        "default_actions": [{"type": "forward", "target_group": "application"}],
    }
    stage = {"assertion": {"audience": "private"}} if asserted else {}
    environment = {"PYTHONPATH": SEARCH} | ({"JWKS_FILE": "{jwks_file}"} if verified else {})
    check = {"protocol": "TCP", "interval_seconds": 5, "timeout_seconds": 2, "healthy_threshold_count": 2}
    return yaml.safe_dump(
        {
            "name": "private",
            "gateway": {"workers": 2},
            "secrets": {"Secret": {"generate": True}},
            "apis": {"a": {"definition": "api.yaml", "stages": {"prod": stage}}},
            "load_balancers": {"internal": {"dns_name": "internal.x", "listeners": [listener]}},
            "target_groups": {"application": {"health_check": check, "deregistration_delay_seconds": 20}},
            "services": {
                "application": {
                    "command": command,
                    "secret_files": {"SECRET_FILE": "Secret"},
                    "environment": environment,
                }
            },
        }
    )


def with_certificates(leading: str, *, both: bool) -> str:
    """The project with another service, which asks for the gateway's certificate; `both`: beside the first one."""
    whole = yaml.safe_load(project(OPEN))
    whole["client_certificates"] = {"gateway": {"generate": True}}
    whole["target_groups"]["certified"] = {
        **whole["target_groups"]["application"],
        "protocol": "HTTPS",
        "tls": {
            "ca": "gateline",
            "identity": "spiffe://private/service/certified",
            "client_certificate": "gateway",
        },
    }
    whole["services"]["certified"] = {
        "command": ["python", "certified.py", "application", "{port}"],
        "environment": {
            "CA_FILE": "{ca_file}",
            "CERTIFICATE_FILE": "{certificate_file}",
            "PRIVATE_KEY_FILE": "{private_key_file}",
            "GATEWAY": "spiffe://private/gateway/gateway",
        },
    }
    [action] = whole["load_balancers"]["internal"]["listeners"][0]["default_actions"]
    action["target_group"] = leading
    if not both:
        del whole["services"]["application"], whole["target_groups"]["application"]
    return yaml.safe_dump(whole)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The gateway before a service that answers everybody."""
    folder, scratch = tmp_path / "project", tmp_path / "scratch"
    scratch.mkdir()
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".gateline", "__pycache__"))
    (folder / "api.yaml").write_text(definition(with_header=False))
    (folder / "gateline.yaml").write_text(project(OPEN))
    with running_gateway(folder, scratch, {}, "--watch") as gateway:
        yield Shop(gateway=gateway, folder=folder)


def put(shop: Shop, name: str, text: str) -> None:
    draft = shop.folder / "draft"
    draft.write_text(text)
    draft.replace(shop.folder / name)


def moved(shop: Shop, text: str) -> dict[str, Any]:
    """The service's task, once the project file says this and the former task is gone."""
    [former] = shop.until_steady("application")["tasks"]
    put(shop, "gateline.yaml", text)
    shop.until("application", lambda service: former["id"] not in [each["id"] for each in service["tasks"]])
    [task] = shop.until_steady("application")["tasks"]
    return dict(task)


def around(task: dict[str, Any]) -> int:
    """The status of a request straight to a task's port."""
    [answer] = exchange(int(task["address"].rpartition(":")[2]), request("/application"))
    return answer.status


def answer_without_certificate(port: int) -> bytes:
    """What a task that ends TLS says to somebody who shows no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as connection,
    ):
        connection.sendall(request("/application"))
        return connection.recv(100)


def test_no_request_fails_on_the_way_from_open_to_a_socket(shop: Shop) -> None:
    [task] = shop.until_steady("application")["tasks"]
    assert around(task) == 200
    with BusyCallers(shop.gateway.port, request("/application"), count=2) as callers:
        callers.go_on_for(20)
        put(shop, "api.yaml", definition(with_header=True))  # first it is sent, and then it is asked for
        assert around(moved(shop, project(GUARDED))) == 401
        assert around(moved(shop, project(BESIDE))) == 401
        assert Path(moved(shop, project(AT_A_SOCKET))["address"]).is_socket()
        put(shop, "api.yaml", definition(with_header=False))
        callers.go_on_for(50)
    assert set(callers.answers) == {200}, callers.answers
    assert callers.refused == 0


def test_no_request_fails_on_the_way_to_a_client_certificate(shop: Shop) -> None:
    shop.until_steady("application")
    with BusyCallers(shop.gateway.port, request("/application"), count=2) as callers:
        callers.go_on_for(20)
        put(shop, "gateline.yaml", with_certificates("application", both=True))
        while "certified" not in shop.names():
            callers.go_on_for(1)
        [task] = shop.until_steady("certified")["tasks"]
        put(shop, "gateline.yaml", with_certificates("certified", both=True))
        put(shop, "gateline.yaml", with_certificates("certified", both=False))
        while "application" in shop.names():
            callers.go_on_for(1)
        callers.go_on_for(50)
    assert set(callers.answers) == {200}, callers.answers
    with pytest.raises(OSError, match=r"(?i)certificate|reset|EOF"):
        answer_without_certificate(int(task["address"].rpartition(":")[2]))


def test_no_request_fails_on_the_way_to_an_assertion(shop: Shop) -> None:
    shop.until_steady("application")
    with BusyCallers(shop.gateway.port, request("/application"), count=2) as callers:
        callers.go_on_for(20)
        put(shop, "gateline.yaml", project(OPEN, asserted=True))
        assert around(moved(shop, project(GUARDED, asserted=True, verified=True))) == 401
        callers.go_on_for(50)
    assert set(callers.answers) == {200}, callers.answers
