"""Who may dial in: tokens count once, nodes renew themselves, and who is revoked is gone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateline.authority.link_certificates import make_key, make_request, sign_renewal
from gateline.errors import GatelineError
from gateline.model.tunnel import EnrolledNode
from gateline.runtime.link_desk import (
    GATEWAY_LIFE,
    NODE_LIFE,
    TOKEN_LIFE,
    LinkDesk,
    advertised,
    due,
    linked,
    text_bytes,
)
from runtime.linked import desk, gateway, state_dir

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def admitted(at: LinkDesk, node: str = "n1", tunnel: str = "") -> tuple[EnrolledNode, bytes, bytes]:
    """The node, its key and its certificate."""
    key = make_key()
    made = at.admit(at.mint(tunnel, node, NOW)["secret"], make_request(key), NOW)
    return made.node, key, made.certificate


def test_a_token_lets_its_node_in_once(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    token = at.mint("", "n1", NOW)
    assert (token["tunnel"], token["node"], token["gateway"]) == ("plant", "n1", "127.0.0.1:8443")
    made = at.admit(token["secret"], make_request(make_key()), NOW)
    assert at.nodes() == (made.node,)
    assert made.node.dns_name.startswith("n1.")
    with pytest.raises(GatelineError, match="used, expired or none"):
        at.admit(token["secret"], make_request(make_key()), NOW)


def test_of_those_who_come_with_a_token_at_the_same_time_one_gets_in(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    request, together = make_request(make_key()), threading.Barrier(4)

    def got_in(token: str) -> bool:
        together.wait(30)
        with suppress(GatelineError):
            return bool(at.admit(token, request, NOW))
        return False

    with ThreadPoolExecutor(4) as pool:
        for node in range(10):
            token = at.mint("", f"n{node}", NOW)["secret"]
            assert sum(pool.map(got_in, [token] * 4)) == 1


def test_a_token_is_used_up_by_whoever_comes_first_even_if_that_ends_badly(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    token = at.mint("plant", "n1", NOW)
    with pytest.raises(GatelineError):
        at.admit(token["secret"], b"no request", NOW)
    with pytest.raises(GatelineError, match="used, expired or none"):
        at.admit(token["secret"], make_request(make_key()), NOW)
    assert at.nodes() == ()


def test_an_expired_token_and_one_of_another_gateway_let_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = desk(tmp_path / "one", "plant"), desk(tmp_path / "other", "plant")
    token = one.mint("", "n1", NOW)
    for at, when in ((one, NOW + TOKEN_LIFE), (other, NOW)):
        with pytest.raises(GatelineError, match="used, expired or none"):
            at.admit(token["secret"], make_request(make_key()), when)


def test_the_secret_of_a_token_is_kept_nowhere(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    secret = at.mint("", "n1", NOW)["secret"]
    names = [path.name for path in tmp_path.rglob("*")]
    contents = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any("token" in name for name in names)
    assert not any(secret in name for name in names)
    assert not any(secret.encode() in content for content in contents)


def test_a_node_that_is_enrolled_must_be_revoked_before_another_takes_its_name(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    early = at.mint("", "n1", NOW)
    first, _, _ = admitted(at)
    with pytest.raises(GatelineError, match="enrolled already"):
        at.mint("", "n1", NOW)
    with pytest.raises(GatelineError, match="used, expired or none"):
        at.admit(early["secret"], make_request(make_key()), NOW)
    assert at.revoke("", "n1") == first
    second, _, _ = admitted(at)
    assert second.id != first.id


def test_no_token_of_a_revoked_node_counts_any_more(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant", "lab")
    kept, elsewhere = at.mint("plant", "n1", NOW), at.mint("lab", "n1", NOW)
    admitted(at, tunnel="plant")
    at.revoke("plant", "n1")
    with pytest.raises(GatelineError, match="used, expired or none"):
        at.admit(kept["secret"], make_request(make_key()), NOW)
    assert at.admit(elsewhere["secret"], make_request(make_key()), NOW).node.tunnel == "lab"


def test_another_token_of_the_same_name_replaces_one_that_may_have_been_lost(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    lost, other = at.mint("", "n1", NOW), at.mint("", "n2", NOW)
    again = at.mint("", "n1", NOW)
    with pytest.raises(GatelineError, match="used, expired or none"):
        at.admit(lost["secret"], make_request(make_key()), NOW)
    for token in (again, other):
        at.admit(token["secret"], make_request(make_key()), NOW)
    assert [node.node for node in at.nodes()] == ["n1", "n2"]


def test_a_node_gets_another_certificate_under_the_same_name_until_it_is_revoked(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant")
    node, key, certificate = admitted(at)
    later = NOW + NODE_LIFE / 2
    request = make_request(make_key())
    renewed = at.renew(certificate, request, sign_renewal(key, request), later)
    assert renewed.node == node
    assert x509.load_pem_x509_certificate(renewed.certificate).not_valid_after_utc == later + NODE_LIFE
    assert at.expiries() == {("plant", "n1"): (later + NODE_LIFE).isoformat()}
    at.revoke("plant", "n1")
    with pytest.raises(GatelineError, match="not enrolled any more"):
        at.renew(certificate, request, sign_renewal(key, request), later)


def test_tunnels_and_nodes_are_named_when_there_is_a_choice(tmp_path: Path) -> None:
    at = desk(tmp_path, "plant", "lab")
    with pytest.raises(GatelineError, match="say which tunnel; the project has: plant, lab"):
        at.mint("", "n1", NOW)
    with pytest.raises(GatelineError, match="there is no tunnel mine"):
        at.mint("mine", "n1", NOW)
    admitted(at, tunnel="plant")
    admitted(at, tunnel="lab")
    with pytest.raises(GatelineError, match="in several tunnels"):
        at.revoke("", "n1")
    with pytest.raises(GatelineError, match="n9 is not enrolled; enrolled are: lab/n1, plant/n1"):
        at.revoke("", "n9")
    assert at.revoke("lab", "n1").tunnel == "lab"


def test_nodes_of_tunnels_that_the_project_has_no_more_stay_out(tmp_path: Path) -> None:
    admitted(desk(tmp_path, "plant", "lab"), tunnel="lab")
    assert desk(tmp_path, "plant").nodes() == ()


def test_what_envoy_needs_stays_the_same_until_it_is_due(tmp_path: Path) -> None:
    state = state_dir(tmp_path)
    assert linked(gateway(), state, NOW) is None
    assert due(gateway(), state) is None
    assert due(gateway("plant"), state) is None
    first = linked(gateway("plant"), state, NOW)
    assert first is not None
    moment = due(gateway("plant"), state)
    assert moment is not None
    assert NOW < moment < NOW + GATEWAY_LIFE
    assert linked(gateway("plant"), state, moment - timedelta(seconds=1)) == first
    renewed = linked(gateway("plant"), state, moment)
    assert renewed is not None
    assert renewed.authority == first.authority
    assert renewed.certificate != first.certificate


def test_an_advertised_address_counts_and_ipv6_has_brackets() -> None:
    links = gateway("plant").edge.links
    assert links is not None
    assert advertised(links) == "127.0.0.1:8443"


def test_what_is_not_base64_is_told() -> None:
    assert text_bytes("aGk=") == b"hi"
    with pytest.raises(GatelineError):
        text_bytes("?")
