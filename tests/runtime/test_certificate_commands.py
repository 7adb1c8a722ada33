from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.runtime.authority import kept_authority
from gateline.runtime.certificate_commands import CertificateCommands
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.upkeep import Upkeep
from gateline.runtime.vault import Vault
from runtime.issuing import SHOP, Serves


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


class Desk:
    """The commands, with upkeep beside them as in the stack."""

    def __init__(self, state: StateDir, folder: Path, gateway: Gateway = SHOP) -> None:
        self.said: list[str] = []
        self.serving = Serves(state, folder, gateway)
        self.upkeep = Upkeep(self.said.append)
        self.commands = CertificateCommands(state, self.serving, lambda: True, self.said.append, self.look)

    def look(self) -> None:
        self.upkeep.look()

    def asked(self, **what: Any) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            await self.serving.take_in()
            self.upkeep = Upkeep(self.said.append)
            for duty in self.commands.duties():
                self.upkeep.add(duty)
            upkeep = asyncio.create_task(self.upkeep.run())
            try:
                return await self.commands(what)
            finally:
                upkeep.cancel()

        return asyncio.run(ask())

    def serials(self) -> dict[str, str]:
        return {each["name"]: each["serial"] for each in self.asked(action="list")["certificates"]}


@pytest.fixture
def desk(state: StateDir, tmp_path: Path) -> Desk:
    return Desk(state, tmp_path)


def test_all_are_listed_without_any_key(desk: Desk) -> None:
    answer = desk.asked(action="list")
    assert [(each["kind"], each["name"]) for each in answer["certificates"]] == [
        ("client", "mine"),
        ("service", "orders"),
        ("authority", "shop"),
    ]
    assert "PRIVATE" not in json.dumps(answer)


@pytest.mark.parametrize("name", ["mine", "orders"])
def test_one_is_issued_anew_and_the_others_stay(desk: Desk, name: str) -> None:
    before = desk.serials()
    [row] = desk.asked(action="rotate", name=name)["certificates"]
    after = desk.serials()
    assert after.pop(name) == row["serial"] != before.pop(name)
    assert after == before


def test_what_gateline_does_not_issue_cannot_be_rotated(desk: Desk) -> None:
    with pytest.raises(GatelineError, match=r"called shop; there are: mine, orders"):
        desk.asked(action="rotate", name="shop")


def test_revoking_waits_until_the_former_authority_counts_nowhere(desk: Desk) -> None:
    before = desk.asked(action="export-ca")["ca"]
    assert desk.asked(action="revoke", overlap=0) == {"under_way": False}
    after = desk.asked(action="export-ca")["ca"]
    assert after.count("BEGIN CERTIFICATE") == 1
    assert after != before
    assert desk.said == []


def test_with_an_overlap_both_are_believed_meanwhile_and_nobody_waits(desk: Desk, state: StateDir) -> None:
    before = desk.asked(action="export-ca")["ca"]
    assert desk.asked(action="revoke", overlap=3600) == {"under_way": True}
    both = desk.asked(action="export-ca")["ca"]
    assert both.startswith(before)
    assert both.count("BEGIN CERTIFICATE") == 2
    kept = kept_authority(Vault(state))
    assert kept is not None
    assert kept.next_step is not None
    assert kept.next_step > datetime.now(UTC) + timedelta(minutes=50)


def test_a_server_elsewhere_gets_a_certificate_that_the_authority_has_signed(desk: Desk) -> None:
    answer = desk.asked(action="issue-service", name="payments", hosts=["payments.internal"])
    leaf = x509.load_pem_x509_certificate(answer["certificate"].encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(answer["ca"].encode()))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://shop/service/payments"]
    assert "payments.internal" in names.get_values_for_type(x509.DNSName)
    assert "PRIVATE KEY" in answer["private_key"]


@pytest.mark.parametrize(
    ("name", "hosts"),
    [("../gateway/mine", []), ("", []), ("a/b", []), ("a", ["*"]), ("a", ["b\u00fccher"]), ("a", ["x" * 64])],
)
def test_a_name_that_is_none_gets_no_certificate(desk: Desk, name: str, hosts: list[str]) -> None:
    with pytest.raises(GatelineError, match="name"):
        desk.asked(action="issue-service", name=name, hosts=hosts)


@pytest.mark.parametrize("action", ["revoke", "export-ca", "issue-service"])
def test_a_project_that_asks_for_no_authority_has_none(state: StateDir, tmp_path: Path, action: str) -> None:
    desk = Desk(state, tmp_path, replace(SHOP, client_certificates=(), services=()))
    with pytest.raises(GatelineError, match="no authority"):
        desk.asked(action=action, overlap=0, name="a", hosts=[])
    assert Vault(state).names() == ()


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "drop"},
        {"action": "rotate", "name": 1},
        {"action": "revoke", "overlap": -1},
        {"action": "revoke"},
        {"action": "issue-service", "name": "a", "hosts": [1]},
    ],
)
def test_nonsense_is_refused(desk: Desk, asked: dict[str, Any]) -> None:
    with pytest.raises(GatelineError, match="no such request"):
        desk.asked(**asked)


def test_nothing_is_done_before_anything_is_served(state: StateDir, tmp_path: Path) -> None:
    commands = CertificateCommands(state, Serves(state, tmp_path), lambda: True, lambda _: None, lambda: None)
    assert [duty.due() is None for duty in commands.duties()] == [True, True, False]
    with pytest.raises(GatelineError, match="nothing is served yet"):
        asyncio.run(commands({"action": "list"}))


def test_renewal_is_due_when_the_first_certificate_is(desk: Desk) -> None:
    desk.asked(action="list")
    [renewal, *_] = desk.commands.duties()
    due = renewal.due()
    assert due is not None
    assert timedelta(hours=23) < due - datetime.now(UTC) <= timedelta(days=1)
