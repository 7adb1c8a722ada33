"""Services that know the gateway by its client certificate, and clients that have nearly that one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.raw_client import exchange

from .conftest import Proved, Shop, other_shop

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("prove")]

ANOTHER = "certificate: another client of the authority"
IMPOSTORS = {
    "certificate: identity of a foreign authority",
    "certificate: expired identity",
    "certificate: a service of the authority",
    ANOTHER,
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with other_shop("mutual", tmp_path_factory.mktemp("mutual"), {}) as shop:
        yield shop


@pytest.fixture(scope="module")
def proved(running: Shop) -> Proved:
    return running.prove()


def means_of(proved: Proved, service: str, verdict: str) -> set[str]:
    return {
        each["means"]
        for each in proved.report["findings"]
        if each["subject"] == f"task {service}/1" and each["verdict"] == verdict
    }


def test_the_gateway_itself_is_let_in(running: Shop) -> None:
    [answer] = exchange(
        running.gateway.port, b"GET /prod/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert answer.status == 200, answer.raw


def test_a_service_that_looks_at_all_of_it_lets_nobody_in(proved: Proved) -> None:
    assert means_of(proved, "sound", "open") == set()
    assert means_of(proved, "sound", "refused") >= IMPOSTORS | {"no proof"}


def test_a_service_that_asks_for_no_certificate_is_told(proved: Proved) -> None:
    assert proved.exit_code == 1
    assert "no proof" in means_of(proved, "unasked", "open")


def test_a_service_that_takes_any_certificate_of_the_authority_is_told(proved: Proved) -> None:
    assert ANOTHER in means_of(proved, "unnamed", "open")
    assert "no proof" in means_of(proved, "unnamed", "refused")


def test_no_key_stands_in_the_report(proved: Proved) -> None:
    assert "PRIVATE KEY" not in proved.output + proved.errors
    assert "BEGIN CERTIFICATE" not in proved.output
