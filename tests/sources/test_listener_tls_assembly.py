from __future__ import annotations

from pathlib import Path

import pytest

from gateline.model.listener_tls import POLICIES, MutualMode

from .balancers import Json, errors_of, http, listener_of, listening
from .conftest import LoadProject

FACING: Json = {"scheme": "internet-facing"}
CERTIFICATES: Json = {"certificates": [{"self_signed": True}]}
VERIFY: Json = {"mode": "verify", "trust_store": {"ca": "ca.pem"}}


def https(**fields: object) -> str:
    return listening(http(protocol="HTTPS", port=443, **{**CERTIFICATES, **fields}), balancer=FACING)


def test_a_listener_that_says_nothing_asks_no_client_and_follows_no_policy(load_project: LoadProject) -> None:
    tls = listener_of(load_project, https()).tls
    assert (tls.policy, tls.alpn, tls.mutual) == ("", (), None)


@pytest.mark.parametrize("policy", POLICIES)
def test_amazons_policies_are_known_and_old_versions_are_warned_of(
    load_project: LoadProject, policy: str
) -> None:
    loaded = load_project(https(ssl_policy=policy))
    told = [each.code.name for each in loaded.report.diagnostics if each.code.name.startswith("GL26")]
    assert told == (["GL261"] if POLICIES[policy].asked_for < "1.2" else [])


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", "FIPS module"),
        ("ELBSecurityPolicy-TLS13-1-2-2021-60", "there is no security policy"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(
    load_project: LoadProject, policy: str, said: str
) -> None:
    [told] = errors_of(load_project, https(ssl_policy=policy))
    assert told.startswith("GL260 ")
    assert said in told


def test_clients_are_verified_by_a_trust_store(load_project: LoadProject, tmp_path: Path) -> None:
    verify = {
        "mode": "verify",
        "trust_store": {"ca": "gateline", "crls": ["a.crl"]},
        "ignore_client_certificate_expiry": True,
        "advertise_trust_store_ca_names": "on",
    }
    (tmp_path / "a.crl").touch()
    mutual = listener_of(load_project, https(mutual_authentication=verify)).tls.mutual
    assert mutual is not None
    assert (mutual.mode, mutual.authority) == (MutualMode.VERIFY, "gateline")
    assert mutual.takes_expired
    assert mutual.names_authorities
    [path] = mutual.revoked
    assert Path(path).is_absolute()


def test_mode_off_is_the_same_as_nothing(load_project: LoadProject) -> None:
    assert listener_of(load_project, https(mutual_authentication={"mode": "off"})).tls.mutual is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (listening(http(ssl_policy="ELBSecurityPolicy-2016-08"), balancer=FACING), "ssl_policy belongs to"),
        (https(alpn_policy="HTTP2Only"), "alpn_policy belongs to a TLS listener"),
        (
            listening(http(mutual_authentication={"mode": "passthrough"}), balancer=FACING),
            "mutual_authentication belongs to an HTTPS listener",
        ),
        (
            listening(http(protocol="HTTPS", mutual_authentication={"mode": "passthrough"})),
            "of an internet-facing balancer",
        ),
    ],
)
def test_what_no_such_listener_can_do_is_refused(load_project: LoadProject, text: str, said: str) -> None:
    assert any(said in message for message in errors_of(load_project, text))
