from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateline.model.client_certificate import BUILT_IN, ClientCertificate
from gateline.model.origin import Origin
from gateline.model.target_group import TargetTls

from .balancers import gateway_of, project
from .conftest import LoadProject


def test_generated_and_given_certificates_arrive(load_project: LoadProject, tmp_path: Path) -> None:
    for name in ("a.pem", "a.key"):
        (tmp_path / name).write_text("")
    written = {
        "issued": {"generate": True, "rotate_every_seconds": 60},
        "given": {"certificate": "a.pem", "private_key": "a.key"},
    }
    made = {
        each.name: each
        for each in gateway_of(load_project, project(client_certificates=written)).client_certificates
    }
    assert made["issued"] == ClientCertificate(
        name="issued",
        rotate_every=timedelta(minutes=1),
        origin=Origin("gateline.yaml", ("client_certificates", "issued")),
    )
    assert [Path(made["given"].certificate).name, Path(made["given"].private_key).name] == ["a.pem", "a.key"]


def test_what_a_target_group_says_of_tls_arrives(load_project: LoadProject) -> None:
    written = {
        "protocol": "HTTPS",
        "targets": ["10.0.3.7:9000"],
        "tls": {"ca": "gateline", "identity": "spiffe://shop/service/orders", "client_certificate": "mine"},
    }
    gateway = gateway_of(
        load_project,
        project(target_groups={"orders": written}, client_certificates={"mine": {"generate": True}}),
    )
    assert gateway.target_groups[0].tls == TargetTls(
        authority=BUILT_IN,
        identity="spiffe://shop/service/orders",
        client_certificate="mine",
        origin=Origin("gateline.yaml", ("target_groups", "orders", "tls")),
    )


def test_a_certificate_that_nobody_declared_is_told_with_the_nearest_name(load_project: LoadProject) -> None:
    stages = {"prod": {"client_certificate": "mien"}}
    written = project(
        client_certificates={"mine": {"generate": True}},
        apis={"a": {"definition": "api.json", "stages": stages}},
    )
    found = load_project(written).report.diagnostics
    told = [each for each in found if each.code.name == "GL245"]
    assert [(each.origin.json_pointer, "mine" in each.help) for each in told] == [
        ("/apis/a/stages/prod/client_certificate", True)
    ]
