"""Each kind of hole is planted, and `gateline prove` must tell it; without any it must tell of none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import SECRET, STALE, Shop, prove, shop

pytestmark = pytest.mark.envoy

DIAGNOSED = """    head:
      x-amazon-apigateway-integration: {<<: *orders, httpMethod: HEAD}
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> object:
    with shop(tmp_path_factory.mktemp("sound")) as running:
        yield running


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


@pytest.mark.parametrize(
    ("hole", "means"),
    [
        ("no guard", "no proof"),
        ("any value", "wrong secret in X-Gateway-Secret"),
        ("alias", "alias X_Gateway_Secret, wrong secret"),
        ("one path", "no proof, /orders"),
        ("prefix", "past the health check, /health/../"),
        ("proxied", "headers that proxies set"),
        ("options", "no proof, OPTIONS"),
    ],
)
def test_a_service_that_lets_somebody_in_is_told(tmp_path: Path, hole: str, means: str) -> None:
    with shop(tmp_path, hole=hole) as running:
        proved = running.prove()
    assert proved.exit_code == 1
    assert proved.open() == {"task orders/1"}
    assert proved.verdicts(subject="task orders/1", means=means) == {"open"}


def test_a_service_at_every_address_without_a_guard_is_told(tmp_path: Path) -> None:
    with shop(tmp_path, hole="no guard", bind="0.0.0.0") as running:
        proved = running.prove()
    assert proved.exit_code == 1
    places = {each["place"] for each in proved.report["findings"] if each["verdict"] == "open"}
    outside = {place for place in places if not place.startswith("127.")}
    assert outside, "no address of this machine but loopback"


def test_a_second_port_of_a_task_is_found(tmp_path: Path) -> None:
    with shop(tmp_path, hole="second port") as running:
        proved = running.prove()
    assert proved.open() == {"task orders/1, another port"}


def test_a_secret_in_the_words_of_a_process_is_told(tmp_path: Path) -> None:
    with shop(tmp_path, hole="words") as running:
        proved = running.prove()
    assert proved.exit_code == 1
    assert proved.open() == {"secret Proof"}
    assert SECRET not in proved.output


def test_a_method_without_an_authorizer_beside_one_with_it_is_told(tmp_path: Path) -> None:
    with shop(tmp_path, definition=DIAGNOSED) as running:
        proved = running.prove()
        meant = running.prove("--public", "shop/prod HEAD /orders/{id}")
    assert (proved.exit_code, meant.exit_code) == (1, 0)
    assert proved.open() == {"shop/prod HEAD /orders/{id}"}


def loose_state(running: Shop) -> None:
    running.gateway.state.chmod(0o755)


def loose_admin(running: Shop) -> None:
    running.gateway.admin_socket.chmod(0o666)


def loose_secret(running: Shop) -> None:
    (running.folder / "proof").chmod(0o644)
    for folder in running.folder.parents[:3]:
        folder.chmod(0o755)
    running.folder.chmod(0o755)


@pytest.mark.parametrize(
    ("loosen", "subject"),
    [
        (loose_state, "state directory"),
        (loose_admin, "socket: Envoy's admin"),
        (loose_secret, "files with secrets"),
    ],
)
def test_rights_that_are_too_loose_are_told(
    tmp_path: Path, loosen: Callable[[Shop], None], subject: str
) -> None:
    with shop(tmp_path) as running:
        loosen(running)
        proved = running.prove()
    assert proved.exit_code == 1
    assert proved.open() == {subject}
    assert STALE not in proved.output
