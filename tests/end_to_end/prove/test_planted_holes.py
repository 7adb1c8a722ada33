"""Each kind of hole is planted, and `gateline prove` must tell it; without any it must tell of none."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateline.prove.around_authorizers import GROUP
from gateline.prove.machine import addresses
from harness.free_port import free_port

from .conftest import SECRET, STALE, Proved, Shop, prove, shop

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("prove")]

DIAGNOSED = """    head:
      x-amazon-apigateway-integration: {<<: *orders, httpMethod: HEAD}
"""


WAYS = {
    "no guard": "no proof",
    "everywhere": "no proof",
    "any value": "wrong secret in X-Gateway-Secret",
    "alias": "alias X_Gateway_Secret, wrong secret",
    "stale": "stale secret in X-Gateway-Secret",
    "one path": "no proof, /orders",
    "prefix": "past the health check, /health/../",
    "proxied": "headers that proxies set",
    "options": "no proof, OPTIONS",
    "second port": "no proof",
    "daemon": "no proof",
    "binary": "no proof",
    "by name": "no proof, http://internal.shop/",
}
"""The holes of a service, and by which way each is found."""


@pytest.fixture(scope="module")
def sound() -> Iterator[Shop]:
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's own, which nobody else may enter
        Path(folder).chmod(0o755)
        with shop(Path(folder)) as running:
            running.folder.chmod(0o755)
            yield running


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proved]:
    with shop(tmp_path_factory.mktemp("holed"), holes=tuple(WAYS)) as running:
        yield running.prove()


def test_without_a_hole_nothing_is_open(sound: Shop) -> None:
    proved = sound.prove()
    assert proved.exit_code == 0, proved.output + proved.errors
    assert proved.report["holds"] is True
    assert proved.open() == set()
    assert proved.verdicts(subject="task orders/1", means="no proof") == {"refused"}
    assert proved.verdicts(subject="task orders/1", means="health check") == {"serves"}
    assert proved.verdicts(subject="task orders/1", place="[::1]:0") == set()
    assert "refused" in proved.verdicts(subject="shop/prod GET /orders/{id}")
    assert proved.verdicts(subject="shop/prod DELETE /orders/{id}") == {"not tried"}
    assert proved.verdicts(subject="shop/prod GET /basket") == {"serves"}
    assert {each["subject"] for each in proved.report["findings"]} >= {"gateway", "socket: control"}
    assert "shop.localhost" in proved.report["hosts"]
    assert SECRET not in proved.output + proved.errors


def test_what_is_not_closed_or_not_tried_fails_strictly(sound: Shop) -> None:
    assert sound.prove("--strict").exit_code == 1


def test_a_person_reads_the_table(sound: Shop) -> None:
    proved = sound.prove(output="text")
    assert proved.exit_code == 0
    assert "service orders" in proved.output
    assert "nothing is open, as far as it was tried: " in proved.output
    assert len(proved.output.splitlines()) < 30


def test_a_signed_report_is_verified_and_an_altered_one_refused(sound: Shop, tmp_path: Path) -> None:
    report, key = tmp_path / "report.json", tmp_path / "key.pem"
    assert sound.prove("--report", report).exit_code == 0
    assert report.stat().st_mode & 0o777 == 0o600
    assert SECRET not in report.read_text()
    assert sound.prove("verify", report).exit_code == 0
    key.write_text(sound.prove("key").output)
    assert prove("verify", report, "--key", key).exit_code == 0
    told = json.loads(report.read_text())
    told["report"]["findings"].pop()
    report.write_text(json.dumps(told))
    altered = prove("verify", report, "--key", key)
    assert (altered.exit_code, altered.output) == (1, "")
    assert "altered" in altered.errors


def test_what_does_not_run_cannot_be_tried(tmp_path: Path) -> None:
    (tmp_path / "gateline.yaml").write_text("name: shop\napis: {}\n")
    proved = prove("--project", tmp_path)
    assert proved.exit_code == 2
    assert "no gateway runs this project" in proved.errors


def test_each_service_that_lets_somebody_in_is_told_and_no_other(holed: Proved) -> None:
    elsewhere = {"second-port", "daemon", "binary"}
    names = {hole.replace(" ", "-") for hole in WAYS} - elsewhere
    assert holed.exit_code == 1
    found = {f"task {name}/1" for name in names} | {f"task {name}/1, another port" for name in elsewhere}
    assert holed.open() == found
    assert SECRET not in holed.output + holed.errors
    assert STALE not in holed.output + holed.errors


@pytest.mark.parametrize("hole", WAYS)
def test_it_is_told_by_which_way_a_service_lets_somebody_in(holed: Proved, hole: str) -> None:
    task = f"task {hole.replace(' ', '-')}/1"
    subject = f"{task}, another port" if hole in {"second port", "daemon", "binary"} else task
    assert holed.verdicts(subject=subject, means=WAYS[hole]) == {"open"}
    assert holed.verdicts(subject="task orders/1", means=WAYS[hole]) <= {"refused"}


@pytest.mark.skipif(len(addresses()) < 3, reason="this machine has no address but loopback")
def test_what_listens_everywhere_is_reached_at_another_address_than_loopback(holed: Proved) -> None:
    found = holed.report["findings"]
    places = {
        each["place"] for each in found if each["group"] == "service everywhere" and each["verdict"] == "open"
    }
    assert {place for place in places if not place.startswith("127.")}


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="wants root and iproute2")
def test_what_listens_everywhere_is_reached_from_another_network(holed: Proved) -> None:
    from_there = {"point": "another network", "means": "no proof"}
    assert holed.verdicts(subject="task everywhere/1", **from_there) == {"open"}
    assert holed.verdicts(subject="task no-guard/1", point="another network") == {"closed"}


@pytest.mark.parametrize("hole", ["", "no guard"])
def test_a_balancer_beside_an_authorizer_is_told_when_its_target_answers(tmp_path: Path, hole: str) -> None:
    port = free_port()

    def publish(project: dict[str, Any]) -> None:
        command = ["python", "-I", "service.py", "--socket", "{socket}", "--hole", hole]
        project["services"]["orders"]["command"] = command
        action = {"type": "forward", "target_groups": [{"name": "orders"}]}
        listener = {"protocol": "HTTP", "port": port, "default_actions": [action]}
        project["load_balancers"]["web"] = {"scheme": "internet-facing", "listeners": [listener]}

    with shop(tmp_path, edit=publish) as running:
        proved = running.prove()
    [found] = [each for each in proved.report["findings"] if each["group"] == GROUP]
    assert found["place"] == f"127.0.0.1:{port}/orders"
    assert found["verdict"] == ("open" if hole else "refused")
    assert proved.open() == ({found["subject"]} if hole else set())
    assert proved.exit_code == (1 if hole else 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_socket_without_a_file_is_anybodys(tmp_path: Path) -> None:
    with shop(tmp_path, holes=["abstract"]) as running:
        proved = running.prove()
    assert proved.exit_code == 1
    assert proved.open() == {"task abstract/1, another socket"}


def test_a_secret_in_the_words_of_a_process_is_told(tmp_path: Path) -> None:
    with shop(tmp_path, holes=["words"]) as running:
        proved = running.prove()
    assert proved.exit_code == 1
    assert proved.open() == {"secret Proof"}
    assert SECRET not in proved.output
    # The process ends after the service that started it has; the next test looks at all processes.
    deadline = time.monotonic() + 30
    while any(SECRET.encode() in words for words in words_of_processes()):
        assert time.monotonic() < deadline


def words_of_processes() -> Iterator[bytes]:
    for each in Path("/proc").iterdir():
        with suppress(OSError):
            yield (each / "cmdline").read_bytes()


def test_a_method_without_an_authorizer_beside_one_with_it_is_told(tmp_path: Path) -> None:
    with shop(tmp_path, definition=DIAGNOSED) as running:
        proved = running.prove()
        meant = running.prove("--public", "shop/prod HEAD /orders/{id}")
    assert (proved.open(), meant.open()) == ({"shop/prod HEAD /orders/{id}"}, set())
    assert (proved.exit_code, meant.exit_code) == (1, 0)


@pytest.mark.parametrize(
    ("where", "mode", "subject"),
    [
        (lambda shop: shop.gateway.state, 0o755, "state directory"),
        (lambda shop: shop.gateway.admin_socket, 0o666, "socket: Envoy's admin"),
        (lambda shop: shop.folder / "proof", 0o644, "files with secrets"),
    ],
)
def test_rights_that_are_too_loose_are_told(
    sound: Shop, where: Callable[[Shop], Path], mode: int, subject: str
) -> None:
    path = where(sound)
    was = path.stat().st_mode & 0o777
    path.chmod(mode)
    try:
        proved = sound.prove()
    finally:
        path.chmod(was)
    assert proved.exit_code == 1
    assert proved.open() == {subject}
