"""TLS settings that nothing comes of; as people see them: tests/cli/cases/certificates-that-lead-nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compile.gateways import DEV, ORIGIN
from gateline.compile import names
from gateline.compile.harvest import Harvest
from gateline.compile.target_group import shown_certificate, target_group_cluster
from gateline.compile.unspoken import warn_of_stage, warn_of_target_groups
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway
from gateline.model.target_group import TargetGroup, TargetProtocol, TargetTls

STAGE = replace(DEV, client_certificate="mine")
TLS = TargetTls(authority="gateline", identity="orders.shop", client_certificate="mine", origin=ORIGIN)


def of_stage(*clusters: str) -> list[str]:
    complaints = Complaints()
    group = TargetGroup(name="g", origin=ORIGIN)
    made = {name: target_group_cluster(group, name=name, behind_api=False) for name in clusters}
    warn_of_stage(STAGE, Harvest(clusters=made), complaints)
    return [each.code.name for each in complaints.report().diagnostics]


def of_group(protocol: TargetProtocol, tls: TargetTls = TLS, *, is_used: bool = True) -> list[str]:
    complaints = Complaints()
    group = TargetGroup(name="orders", protocol=protocol, tls=tls, origin=ORIGIN)
    shown = shown_certificate(group, "")
    name = names.shown(names.target_group("orders"), shown)
    harvest = Harvest()
    if is_used:
        harvest.clusters[name] = target_group_cluster(group, name=name, behind_api=False, certificate=shown)
        harvest.target_groups[name] = "orders"
    gateway = Gateway(name="shop", edge=Edge(origin=ORIGIN), apis=(), target_groups=(group,), origin=ORIGIN)
    warn_of_target_groups(gateway, harvest, complaints)
    return [each.code.name for each in complaints.report().diagnostics]


def test_a_stage_that_shows_its_certificate_to_somebody_is_fine() -> None:
    assert of_stage("https://a:443 as mine", "http://b:80") == []


@pytest.mark.parametrize("clusters", [(), ("http://b:80",), ("https://a:443 as others",)])
def test_a_stage_that_shows_its_certificate_to_nobody_is_told(clusters: tuple[str, ...]) -> None:
    assert of_stage(*clusters) == ["GL246"]


def test_a_group_with_which_tls_is_spoken_is_fine() -> None:
    assert of_group(TargetProtocol.HTTPS) == []
    assert of_group(TargetProtocol.TLS) == []


def test_a_group_with_which_no_tls_is_spoken_is_told_what_does_not_happen() -> None:
    assert sorted(of_group(TargetProtocol.TCP)) == ["GL246", "GL247"]
    assert of_group(TargetProtocol.TCP, replace(TLS, client_certificate="")) == ["GL247"]
    assert of_group(TargetProtocol.TCP, replace(TLS, authority="", identity="")) == ["GL246"]


def test_a_group_that_nothing_leads_to_is_complained_about_elsewhere() -> None:
    assert of_group(TargetProtocol.TCP, is_used=False) == []
