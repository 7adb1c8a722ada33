from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateline.authority.certificates import issue_client, make_authority
from gateline.model.client_certificate import BUILT_IN, ClientCertificate
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway, SelfSigned
from gateline.model.listener_tls import ListenerTls, MutualAuthentication, MutualMode
from gateline.model.load_balancer import FixedResponse, Listener, ListenerProtocol, LoadBalancer, Rule
from gateline.model.login import JwtValidation
from gateline.model.origin import Origin
from gateline.model.secret import Certificate
from gateline.model.target_group import TargetGroup, TargetTls
from gateline.runtime.certificate import edge_certificate
from gateline.runtime.client_certificates import given_authorities, given_certificates, given_revocations
from gateline.runtime.state_dir import StateDir, hold_state_dir
from golden.self_signed import self_signed
from harness.client_authority import ClientAuthority

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
HERE = Origin(file="gateline.yaml")
EMPTY = Gateway(name="shop", edge=Edge(origin=HERE), apis=(), origin=HERE)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def read(state: StateDir, certificate: Certificate) -> tuple[tuple[Certificate, ...], list[str]]:
    chain, key = state.path.parent / "a.pem", state.path.parent / "a.key"
    chain.write_bytes(certificate.chain)
    key.write_bytes(certificate.private_key.reveal())
    given = ClientCertificate(name="mine", certificate=str(chain), private_key=str(key), origin=HERE)
    issued = ClientCertificate(name="issued", origin=HERE)
    complaints = Complaints()
    found = given_certificates(replace(EMPTY, client_certificates=(given, issued)), NOW, state, complaints)
    return found, [each.code.name for each in complaints.report().diagnostics]


def believed(*authorities: str) -> tuple[dict[str, bytes], list[str]]:
    groups = tuple(
        TargetGroup(name=str(index), tls=TargetTls(authority=each, identity="a", origin=HERE), origin=HERE)
        for index, each in enumerate(authorities)
    )
    complaints = Complaints()
    found = given_authorities(replace(EMPTY, target_groups=groups), complaints)
    return dict(found), [each.code.name for each in complaints.report().diagnostics]


def test_a_client_certificate_is_read_with_its_key(state: StateDir) -> None:
    made = issue_client(make_authority("shop", NOW), "shop", "mine", now=NOW, life=90 * DAY)
    assert read(state, made) == ((made,), [])


def test_one_that_ends_within_thirty_days_is_warned_about(state: StateDir) -> None:
    made = issue_client(make_authority("shop", NOW), "shop", "mine", now=NOW, life=29 * DAY)
    found, told = read(state, made)
    assert (len(found), told) == (1, ["GL285"])


def test_one_that_is_over_is_refused_before_any_server_does(state: StateDir) -> None:
    made = issue_client(make_authority("shop", NOW - 9 * DAY), "shop", "mine", now=NOW - 9 * DAY, life=DAY)
    assert read(state, made) == ((), ["GL284"])


def test_a_certificate_for_something_else_than_clients_is_refused(state: StateDir) -> None:
    servers = edge_certificate(SelfSigned(origin=HERE), (), NOW, state, Complaints())
    assert servers is not None
    assert read(state, servers) == ((), ["GL297"])


def test_files_of_authorities_are_read_once_and_the_built_in_one_is_none(tmp_path: Path) -> None:
    bundle = make_authority("a", NOW).chain + make_authority("b", NOW).chain
    (tmp_path / "ca.pem").write_bytes(bundle)
    path = str(tmp_path / "ca.pem")
    assert believed(path, path, BUILT_IN, "") == ({path: bundle}, [])
    assert given_authorities(EMPTY, Complaints()) == ()


def test_a_file_that_nobody_could_be_verified_by_is_refused(tmp_path: Path) -> None:
    leaf = issue_client(make_authority("shop", NOW), "shop", "mine", now=NOW, life=DAY)
    for name, content in (("leaf.pem", leaf.chain), ("text.pem", b"no certificate"), ("empty.pem", b"")):
        (tmp_path / name).write_bytes(content)
        assert believed(str(tmp_path / name))[1] == ["GL298"], name
    assert believed(str(tmp_path / "missing.pem"))[1] == ["GL298"]


def test_an_authority_that_signed_itself_is_one(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(self_signed("orders").certificate)
    assert believed(str(tmp_path / "ca.pem"))[1] == []


def asking(authority: Path, *revoked: Path) -> Gateway:
    mutual = MutualAuthentication(
        mode=MutualMode.VERIFY, authority=str(authority), revoked=tuple(map(str, revoked)), origin=HERE
    )
    listener = Listener(
        protocol=ListenerProtocol.HTTPS, port=443, rules=(), tls=ListenerTls(mutual=mutual), origin=HERE
    )
    return replace(EMPTY, load_balancers=(LoadBalancer(name="public", listeners=(listener,), origin=HERE),))


def test_listeners_believe_files_of_their_own_and_some_no_more(tmp_path: Path) -> None:
    authority = ClientAuthority(tmp_path, "clients")
    lists = authority.revoke(authority.client("gone"))
    complaints = Complaints()
    gateway = asking(authority.file, lists)
    assert given_authorities(gateway, complaints) == ((str(authority.file), authority.file.read_bytes()),)
    assert given_revocations(gateway, complaints) == ((str(lists), lists.read_bytes()),)
    assert not complaints.count


def test_a_list_that_is_none_is_complained_about_at_its_place(tmp_path: Path) -> None:
    authority = ClientAuthority(tmp_path, "clients")
    complaints = Complaints()
    given_revocations(asking(authority.file, tmp_path / "missing.crl", authority.file), complaints)
    assert [(each.code.name, each.origin.json_pointer) for each in complaints.report().diagnostics] == [
        ("GL298", "/trust_store/crls/0"),
        ("GL298", "/trust_store/crls/1"),
    ]


def test_logins_believe_files_of_their_own(tmp_path: Path) -> None:
    authority = ClientAuthority(tmp_path, "providers")
    login = JwtValidation(
        jwks_endpoint="https://login.test/jwks", issuer="x", ca=str(authority.file), origin=HERE
    )
    rule = Rule(priority=None, action=FixedResponse(status_code=200), authentication=login, origin=HERE)
    listener = Listener(protocol=ListenerProtocol.HTTPS, port=443, rules=(rule,), origin=HERE)
    gateway = replace(
        EMPTY, load_balancers=(LoadBalancer(name="public", listeners=(listener,), origin=HERE),)
    )
    expected = ((str(authority.file), authority.file.read_bytes()),)
    assert given_authorities(gateway, Complaints()) == expected
