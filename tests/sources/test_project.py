from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from gateline.model.origin import Origin
from gateline.sources.project import ApiPart, GatewayPart, Part, ProjectFile, StagePart, TlsPart, settings
from gateline.sources.tree import grow, plain

DESIGNED = """
name: storefront
gateway:
  address: 127.0.0.1
  port: 8080
  workers: auto
  tls: {certificate: edge.pem, private_key: edge.key}
  hosts: [gw.example.com]
  default_api: storefront
  paths: strict
  trusted_hops: 0
  account_id: "123456789012"
  region: us-east-1
apis:
  storefront:
    definition: swagger.json
    id: a1b2c3d4e5
    basepath: ignore
    execute_api_endpoint: true
    substitutions: {region: eu-west-1, VpcLink: storefront-link}
    stages:
      prod:
        variables: {url: internal.storefront, link: storefront-link}
secrets:
  ApiGatewayPassthroughHeader: {env: API_GATEWAY_SECRET}
  Another: {file: secret.txt}
  Third: {generate: true}
vpc_links:
  storefront-link: {target: ["10.0.3.7:9000", "10.0.3.8:9000"]}
functions:
  authorizer:
    handler: authorizer.handler
    code: functions/authorizer
    runtime: python3
    interpreter: .venv/bin/python
    layers: [layer.zip]
    timeout: 5
    memory_size: 256
    environment: {ISSUER: https://id.example.com}
    concurrency: {minimum: 1, maximum: 4}
include: [services/*.yaml]
"""
"""DESIGN section 3, as far as this version goes."""

LATER = {
    ProjectFile: "domains client_certificates load_balancers target_groups services usage_plans",
    StagePart: "client_certificate throttle method_settings access_log canary",
    GatewayPart: "admin drain",
}


def parsed(text: str) -> ProjectFile:
    return ProjectFile.model_validate(plain(grow(yaml.safe_load(text), Origin("gateline.yaml"))))


def test_the_designed_project_file_is_read() -> None:
    project = parsed(DESIGNED)
    assert project.name == "storefront"
    assert settings(project).tls == TlsPart(certificate="edge.pem", private_key="edge.key")
    assert project.apis["storefront"].stages["prod"].variables["url"] == "internal.storefront"
    assert project.vpc_links["storefront-link"].target == ("10.0.3.7:9000", "10.0.3.8:9000")


def test_a_project_needs_nothing_but_apis() -> None:
    project = parsed("apis: {a: {definition: d}}")
    assert settings(project) == GatewayPart()
    assert project.apis == {"a": ApiPart(definition="d")}


def test_a_link_may_have_one_target_without_brackets() -> None:
    project = parsed("{apis: {a: {definition: d}}, vpc_links: {l: {target: 'h:1'}}}")
    assert project.vpc_links["l"].target == ("h:1",)


def test_models_cannot_be_changed() -> None:
    project = parsed(DESIGNED)
    with pytest.raises(ValidationError, match="frozen"):
        project.name = "other"


@pytest.mark.parametrize("part", LATER)
def test_keys_of_later_versions_are_known_by_name(part: type[Part]) -> None:
    assert set(LATER[part].split()) == part.LATER
    assert not part.LATER & part.model_fields.keys()
