from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from gateline.authority.certificates import issue_client
from gateline.errors import GatelineError
from gateline.model.gateway import Keyring
from gateline.runtime.authority import Authority, kept_authority
from gateline.runtime.authority_replacement import LOOK_EVERY, Replacement
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault
from runtime.issuing import NOW, SHOP, Serves


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


class Playing:
    """A replacement on a clock of its own, with services that are ready when they are told to be."""

    def __init__(self, state: StateDir, folder: Path) -> None:
        self.state = state
        self.serving = Serves(state, folder)
        self.clock = NOW
        self.is_steady = True
        asyncio.run(self.serving.take_in())
        self.again()

    def again(self) -> None:
        """Another control comes after the one before."""
        self.replacement = Replacement(
            self.state, self.serving.take_in, lambda: self.is_steady, lambda: self.clock
        )

    @property
    def kept(self) -> Authority:
        found = kept_authority(Vault(self.state))
        assert found is not None
        return found

    @property
    def keyring(self) -> Keyring:
        assert self.serving.served is not None
        return self.serving.served.keyring

    def begin(self, overlap: timedelta = timedelta()) -> None:
        asyncio.run(self.replacement.begin("shop", overlap))

    def step(self) -> None:
        """As upkeep does when it is due."""
        due = self.replacement.due()
        assert due is not None
        self.clock = max(self.clock, due)
        asyncio.run(self.replacement.work())


@pytest.fixture
def playing(state: StateDir, tmp_path: Path) -> Playing:
    return Playing(state, tmp_path)


def test_everybody_believes_the_new_one_before_it_signs_and_the_former_until_nobody_shows_it(
    playing: Playing,
) -> None:
    former = playing.keyring
    playing.begin()
    assert playing.keyring.authority.startswith(former.authority)
    assert playing.keyring.authority != former.authority
    assert playing.keyring.client_certificates == former.client_certificates
    assert playing.keyring.services == former.services
    both = playing.keyring.authority
    playing.step()
    assert playing.keyring.authority == both
    assert playing.keyring.client_certificates != former.client_certificates
    assert playing.keyring.services != former.services
    anew = playing.keyring
    playing.step()
    assert former.authority + playing.keyring.authority == both
    assert playing.keyring.client_certificates == anew.client_certificates
    playing.step()
    assert playing.replacement.due() is None
    asyncio.run(playing.replacement.finished())


def test_no_step_is_taken_before_all_services_have_followed_the_one_before(playing: Playing) -> None:
    playing.begin()
    playing.is_steady = False
    before = playing.kept
    playing.step()
    playing.step()
    assert playing.kept == before
    assert playing.replacement.due() == playing.clock + LOOK_EVERY
    playing.is_steady = True
    playing.step()
    assert playing.kept.signer == 1


def test_each_step_waits_for_services_elsewhere(playing: Playing) -> None:
    hour = timedelta(hours=1)
    playing.begin(hour)
    assert playing.replacement.due() == NOW + hour
    playing.step()
    assert playing.replacement.due() == NOW + 2 * hour
    playing.step()
    assert len(playing.kept.all) == 1


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_whoever_comes_after_a_crash_goes_on(playing: Playing, steps: int) -> None:
    former = playing.kept
    playing.begin()
    for _ in range(steps):
        playing.step()
    playing.again()
    for _ in range(3 - steps):
        playing.step()
    assert playing.replacement.due() is None
    assert len(playing.kept.all) == 1
    assert playing.kept.all[0].chain != former.all[0].chain
    assert playing.keyring.authority == playing.kept.believed


def test_what_was_kept_by_a_control_that_died_before_it_counted_counts_first(playing: Playing) -> None:
    playing.begin()
    playing.serving.problem = "Envoy did not take the change"
    with pytest.raises(GatelineError, match="Envoy"):
        playing.step()
    assert playing.kept.signer == 0
    playing.serving.problem = ""
    playing.step()
    assert playing.kept.signer == 1


def test_one_replacement_is_under_way_at_a_time(playing: Playing) -> None:
    playing.begin()
    before = playing.kept
    with pytest.raises(GatelineError, match="being replaced already"):
        playing.begin()
    assert playing.kept == before


def test_a_certificate_of_the_former_authority_verifies_with_nobody_any_more(playing: Playing) -> None:
    stolen = issue_client(playing.kept.signs, SHOP.name, "mine", now=NOW, life=timedelta(days=1))
    playing.begin()
    for _ in range(3):
        playing.step()
    leaf = x509.load_pem_x509_certificate(stolen.chain)
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(playing.keyring.authority))


def test_a_vault_that_cannot_be_opened_is_told_by_the_work(playing: Playing) -> None:
    Vault(playing.state).write("authority", b"{}")
    assert playing.replacement.due() == playing.clock
    with pytest.raises(GatelineError, match="authority"):
        asyncio.run(playing.replacement.work())
