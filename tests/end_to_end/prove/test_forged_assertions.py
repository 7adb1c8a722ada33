"""Services that want signed assertions, each but one blind to one fault; and a secret that was rotated."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator

import pytest

from gateline.runtime import control_client
from harness.raw_client import exchange

from .conftest import Proved, Shop, other_shop

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("prove")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    packages = os.pathsep.join(each for each in sys.path if each.endswith("src"))
    with other_shop("signed", tmp_path_factory.mktemp("signed"), {"PACKAGES": packages}) as shop:
        project = shop.folder / "gateline.yaml"

        def ask(**asked: object) -> dict[str, object]:
            return asyncio.run(control_client.secrets(project, shop.gateway.state, asked))

        ask(action="rotate", secret="Proof")
        seen = 0
        while not (told := ask(action="follow", secret="Proof", seen=seen))["over"]:
            seen = len(list(told["steps"]))  # type: ignore[call-overload]
        yield shop


@pytest.fixture(scope="module")
def proved(running: Shop) -> Proved:
    return running.prove()


def ways_in(proved: Proved, service: str) -> set[str]:
    return {
        each["means"]
        for each in proved.report["findings"]
        if each["subject"] == f"task {service}/1" and each["verdict"] == "open"
    }


def test_the_gateway_itself_is_let_in(running: Shop) -> None:
    [answer] = exchange(
        running.gateway.port, b"GET /prod/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert answer.status == 200, answer.raw


def test_the_secret_that_was_rotated_out_is_tried_and_refused(proved: Proved) -> None:
    means = {"means": "stale secret in X-Gateway-Secret"}
    assert proved.verdicts(subject="task sound/1", **means) == {"refused"}
    assert proved.verdicts(subject="secret Proof", means="stale secret") == set()


def test_a_service_that_looks_at_all_of_a_token_lets_none_in(proved: Proved) -> None:
    assert ways_in(proved, "sound") == set()
    assert proved.verdicts(subject="task sound/1", means="expired assertion for orders") == {"refused"}


@pytest.mark.parametrize(
    ("service", "means"),
    [
        ("late", {"expired assertion for orders"}),
        ("unaddressed", {"assertion for another than orders"}),
        ("unbound", {"assertion for orders of another request"}),
    ],
)
def test_a_service_is_told_with_the_fault_that_it_does_not_see(
    proved: Proved, service: str, means: set[str]
) -> None:
    assert ways_in(proved, service) == means


def test_a_service_that_verifies_no_signature_is_told(proved: Proved) -> None:
    assert proved.exit_code == 1
    assert ways_in(proved, "trusting") >= {
        "unsigned assertion for orders",
        "assertion for orders of a foreign key",
        "assertion for orders signed with the public key",
        "altered assertion for orders",
    }


def test_no_token_stands_in_the_report(proved: Proved) -> None:
    assert "eyJ" not in proved.output + proved.errors
