from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateline.model.secret import SecretRef
from gateline.runtime.candidate import Candidate
from gateline.runtime.secret_use import Header, SecretUse, Transport, obstacle, secret_use
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.rotated import BALANCED, DIRECT, FILED, LINKED, STARTED, candidate

GENERATED = {"generate": True}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def used(served: Candidate, name: str = "Token") -> SecretUse:
    assert served.gateway is not None
    assert served.resources is not None
    return secret_use(served.gateway, served.resources.routes, name)


def labels(use: SecretUse) -> list[str]:
    return [place.label for place in use.targets]


def test_services_are_told_apart_by_how_they_are_given_it(tmp_path: Path, state: StateDir) -> None:
    services = {"a": FILED, "b": STARTED, "c": {**FILED, "secret_files": {}}}
    use = used(candidate(tmp_path, state, secret=GENERATED, services=services))
    assert [service.name for service in use.filed] == ["a"]
    assert [service.name for service in use.restarted] == ["b"]
    assert [service.name for service in use.services] == ["b", "a"]


def test_static_targets_are_those_that_get_it_and_no_others(tmp_path: Path, state: StateDir) -> None:
    groups = {"orders": {"targets": ["127.0.0.6:6000"]}, "elsewhere": {"targets": ["127.0.0.5:5000"]}}
    use = used(candidate(tmp_path, state, BALANCED, secret=GENERATED, target_groups=groups))
    assert labels(use) == ["target 127.0.0.6:6000 of target group orders"]


def test_of_targets_that_come_and_go_nobody_can_say_whether_they_accept_another_value(
    tmp_path: Path, state: StateDir
) -> None:
    groups = {"orders": {"discover": {"dns": {"name": "orders.internal", "port": 80}}}}
    served = candidate(tmp_path, state, BALANCED, secret=GENERATED, target_groups=groups)
    use = used(served)
    assert use.discovering == ("orders",)
    assert served.gateway is not None
    why = obstacle(served.gateway.secrets[0], use)
    assert why.startswith("target group orders discovers its targets, which get secret Token")


def test_the_targets_of_links_and_plain_uris_are_static(tmp_path: Path, state: StateDir) -> None:
    use = used(candidate(tmp_path, state, DIRECT, LINKED, DIRECT, secret=GENERATED))
    assert labels(use) == [
        "http://127.0.0.9:9009",
        "target 127.0.0.7:7000 of VPC link far",
        "target 127.0.0.8:8000 of VPC link far",
    ]
    assert [(place.host, place.port, place.transport) for place in use.targets] == [
        ("127.0.0.9", 9009, Transport.PLAIN),
        ("127.0.0.7", 7000, Transport.PLAIN),
        ("127.0.0.8", 8000, Transport.PLAIN),
    ]


@pytest.mark.parametrize(
    ("more", "transport"),
    [({}, Transport.VERIFIED), ({"tlsConfig": {"insecureSkipVerification": True}}, Transport.TLS)],
)
def test_an_encrypted_backend_is_verified_unless_the_integration_says_not_to(
    tmp_path: Path, state: StateDir, more: dict[str, Any], transport: Transport
) -> None:
    [place] = used(
        candidate(tmp_path, state, {"uri": "https://127.0.0.9/x", **more}, secret=GENERATED)
    ).targets
    assert (place.label, place.port, place.transport) == ("https://127.0.0.9", 443, transport)


def test_headers_and_the_longest_timeout_are_those_of_methods_that_send_it(
    tmp_path: Path, state: StateDir
) -> None:
    without = {**DIRECT, "requestParameters": {}}
    use = used(candidate(tmp_path, state, DIRECT, DIRECT, without, secret=GENERATED))
    assert use.headers == (Header("X-Pass", ("pass ", SecretRef("Token"))),)
    assert use.timeout == 1.001


def test_nobody_gets_a_secret_that_nothing_names(tmp_path: Path, state: StateDir) -> None:
    assert used(candidate(tmp_path, state, DIRECT, secret=GENERATED), "Other") == SecretUse()


def test_the_targets_of_a_group_of_https_are_spoken_to_in_tls(tmp_path: Path, state: StateDir) -> None:
    groups = {"orders": {"protocol": "HTTPS", "targets": ["127.0.0.6:6000"]}}
    [place] = used(candidate(tmp_path, state, BALANCED, secret=GENERATED, target_groups=groups)).targets
    assert place.transport is Transport.TLS


def test_a_target_is_shown_the_stages_client_certificate_or_the_groups(
    tmp_path: Path, state: StateDir
) -> None:
    tls = {"ca": "gateline", "identity": "spiffe://shop/service/orders", "client_certificate": "groups"}
    parts: dict[str, Any] = {
        "client_certificates": {"groups": {"generate": True}, "stages": {"generate": True}},
        "target_groups": {"orders": {"protocol": "HTTPS", "targets": ["127.0.0.6:6000"], "tls": tls}},
    }
    for stage, shown in (({}, "groups"), ({"client_certificate": "stages"}, "stages")):
        apis = {"orders": {"definition": "swagger.json", "stages": {"prod": stage}}}
        use = used(candidate(tmp_path, state, BALANCED, secret=GENERATED, apis=apis, **parts))
        [place] = use.targets
        assert (place.transport, place.authority) == (Transport.VERIFIED, "gateline")
        assert (place.identity, place.client_certificate) == ("spiffe://shop/service/orders", shown)
        assert use.clients == (("orders", stage.get("client_certificate", "")),)


def test_who_is_behind_a_tunnel_is_told_apart(tmp_path: Path, state: StateDir) -> None:
    served = candidate(tmp_path, state, LINKED, secret=GENERATED)
    assert served.gateway is not None
    assert served.resources is not None
    links = tuple(
        replace(link, targets=(), tunnel="plant") if link.name == "far" else link
        for link in served.gateway.vpc_links
    )
    gateway = replace(served.gateway, vpc_links=links)
    [place] = secret_use(gateway, served.resources.routes, "Token").targets
    assert (place.label, place.tunnel) == ("inner.shop:80 behind tunnel plant", "plant")


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (
            {"generate": True, "rotate_every_seconds": 60},
            [
                "GL295 http://127.0.0.9:9009 gets secret Token, and nobody could see whether it accepts another value"
            ],
        ),
        ({"generate": True, "rotate_every_seconds": 60, "accepted_by": "guard"}, []),
        (GENERATED, []),
    ],
)
def test_a_rotation_by_the_clock_that_could_not_begin_is_told_at_the_start(
    tmp_path: Path, state: StateDir, secret: dict[str, Any], told: list[str]
) -> None:
    report = candidate(tmp_path, state, DIRECT, secret=secret).report
    found = [f"{each.code.name} {each.message}" for each in report.diagnostics if each.code.name == "GL295"]
    assert [text.partition(": say")[0] for text in found] == told
    assert report.error_count == 0
