from __future__ import annotations

from pathlib import Path

import pytest

from gateline.model.gateway import Edge, PathMode, SelfSigned, TlsFiles
from gateline.model.origin import Origin
from gateline.model.secret import SecretSourceKind
from gateline.sources.assembly import api_name

from .conftest import LoadProject, said

APIS = "apis: {storefront: {definition: api.json}}\n"


def test_a_project_that_says_nothing_has_the_defaults(load_project: LoadProject) -> None:
    loaded = load_project(APIS)
    assert loaded.gateway is not None
    assert loaded.gateway.edge == Edge(default_api="storefront", origin=Origin("gateline.yaml"))
    (api,) = loaded.gateway.apis
    assert api.api_id == "storefront"
    assert api.execute_api_endpoint
    assert [(stage.name, stage.variables) for stage in api.stages] == [("dev", ())]


def test_every_setting_of_the_gateway_arrives(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "edge.pem").touch()
    (tmp_path / "edge.key").touch()
    loaded = load_project(
        APIS
        + """
gateway:
  address: "::1"
  port: 0
  workers: 3
  tls: {certificate: edge.pem, private_key: edge.key}
  hosts: [GW.example.com]
  default_api: storefront
  paths: aws
  trusted_hops: 2
  account_id: "000000000001"
  region: eu-west-1
"""
    )
    assert said(loaded) == []
    assert loaded.gateway is not None
    origin = Origin("gateline.yaml", ("gateway",))
    assert loaded.gateway.edge == Edge(
        address="::1",
        port=0,
        workers=3,
        tls=TlsFiles(
            certificate=str(tmp_path / "edge.pem"),
            private_key=str(tmp_path / "edge.key"),
            origin=origin.child("tls"),
        ),
        hosts=("gw.example.com",),
        default_api="storefront",
        paths=PathMode.AWS,
        trusted_hops=2,
        account_id="000000000001",
        region="eu-west-1",
        origin=origin,
    )


def test_a_self_signed_certificate_can_be_asked_for_and_not_asked_for(load_project: LoadProject) -> None:
    asked = load_project(APIS + "gateway: {tls: {self_signed: true}}").gateway
    assert asked is not None
    assert isinstance(asked.edge.tls, SelfSigned)
    not_asked = load_project(APIS + "gateway: {tls: {self_signed: false}}").gateway
    assert not_asked is not None
    assert not_asked.edge.tls is None


def test_several_apis_have_no_default_unless_one_is_named(load_project: LoadProject) -> None:
    two = "apis: {a: {definition: api.json}, b: {definition: api.json}}\n"
    unnamed = load_project(two).gateway
    assert unnamed is not None
    assert unnamed.edge.default_api == ""
    named = load_project(two + "gateway: {default_api: b}").gateway
    assert named is not None
    assert named.edge.default_api == "b"


def test_an_api_arrives_with_its_stages_and_its_id(load_project: LoadProject) -> None:
    loaded = load_project(
        """
apis:
  storefront:
    definition: api.json
    id: a1b2c3d4e5
    execute_api_endpoint: false
    stages:
      prod: {variables: {url: internal.storefront, n: "1"}}
      test:
"""
    )
    assert said(loaded) == []
    assert loaded.gateway is not None
    (api,) = loaded.gateway.apis
    assert (api.name, api.api_id, api.execute_api_endpoint) == ("storefront", "a1b2c3d4e5", False)
    assert [(stage.name, stage.variables) for stage in api.stages] == [
        ("prod", (("url", "internal.storefront"), ("n", "1"))),
        ("test", ()),
    ]
    assert loaded.locate(api.stages[1].origin).line == 9


def test_links_and_secrets_arrive(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "value").touch()
    loaded = load_project(
        APIS
        + """
vpc_links:
  one: {target: "orders.internal:80"}
  many: {target: [10.0.0.1:80, "[fd00::1]:81"]}
secrets:
  A: {env: A}
  B: {file: value}
  C: {generate: true}
  D: {value_from: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-a1b2c3"}
""",
        environ={"A": "x"},
    )
    assert loaded.gateway is not None
    assert [(link.name, link.targets) for link in loaded.gateway.vpc_links] == [
        ("one", (("orders.internal", 80),)),
        ("many", (("10.0.0.1", 80), ("fd00::1", 81))),
    ]
    assert [(secret.name, secret.kind, secret.place) for secret in loaded.gateway.secrets] == [
        ("A", SecretSourceKind.ENV, "A"),
        ("B", SecretSourceKind.FILE, str(tmp_path / "value")),
        ("C", SecretSourceKind.GENERATE, ""),
        ("D", SecretSourceKind.AWS, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-a1b2c3"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "secrets: {A: {env: NONE}}",
            "GL222 gateline.yaml:2:20 the secret 'A' has no value: the environment variable NONE is not set",
        ),
        (
            "secrets: {A: {env: EMPTY}}",
            "GL222 gateline.yaml:2:20 the secret 'A' has no value: the environment variable EMPTY is empty",
        ),
        (
            "secrets: {A: {file: none}}",
            "GL213 gateline.yaml:2:21 secrets.A.file names none, which is not there",
        ),
        (
            "gateway: {tls: {certificate: api.json, private_key: none.key}}",
            "GL213 gateline.yaml:2:53 gateway.tls.private_key names none.key, which is not there",
        ),
    ],
)
def test_what_only_a_start_needs_is_a_warning_for_check_and_an_error_for_up(
    load_project: LoadProject, written: str, expected: str
) -> None:
    checked = load_project(APIS + written, environ={"EMPTY": ""}, checking=True)
    assert said(checked)[0] == expected
    assert checked.report.error_count == 0
    started = load_project(APIS + written, environ={"EMPTY": ""})
    assert said(started)[0] == expected
    assert started.report.error_count == 1


def test_a_definition_that_is_not_there_is_an_error_at_its_name(load_project: LoadProject) -> None:
    loaded = load_project(
        "apis:\n  a: {definition: none.json}\n  b: {definition: api.json}\ngateway: {default_api: b}",
        checking=True,
    )
    assert said(loaded) == [
        "GL213 gateline.yaml:2:19 the definition of 'a' cannot be read: none.json does not exist"
    ]
    assert loaded.gateway is None


def test_one_document_may_define_two_apis(load_project: LoadProject) -> None:
    loaded = load_project("apis: {a: {definition: api.json}, b: {definition: ./api.json}}")
    assert loaded.gateway is not None
    assert [(api.name, len(api.methods)) for api in loaded.gateway.apis] == [("a", 1), ("b", 1)]


def test_a_definition_is_not_judged_without_its_substitutions(load_project: LoadProject) -> None:
    definition = '{"swagger": "2.0", "info": {"title": "t", "version": "1"}, "host": "${x}", "paths": {}}'
    files = {"gateline.yaml": "apis: {a: {definition: d.json, substitutions: {x: 1}}}", "d.json": definition}
    assert [line[:5] for line in said(load_project(files))] == ["GL204"]


def test_a_project_without_a_name_is_called_like_its_folder(
    load_project: LoadProject, tmp_path: Path
) -> None:
    loaded = load_project(APIS)
    assert loaded.gateway is not None
    assert loaded.gateway.name == tmp_path.name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("swagger.json", "swagger"),
        ("My API (2).yaml", "my-api-2"),
        ("é.json", "api"),
        ("a" * 80 + ".json", "a" * 63),
    ],
)
def test_a_documents_name_becomes_the_name_of_its_api(file: str, name: str) -> None:
    assert api_name(Path(file)) == name
