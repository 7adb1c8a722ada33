from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from gateline.model.origin import Origin
from gateline.sources.project import ApiPart, GatewayPart, ProjectFile, StagePart, settings
from gateline.sources.project_part import Part, TlsPart
from gateline.sources.project_usage import MethodSettingPart, ThrottlePart
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
  admin: {address: 127.0.0.1, port: 9901}
  drain: {delay_seconds: 5, timeout_seconds: 20}
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
        throttle: {rate_limit: 1000, burst_limit: 2000}
        method_settings: {"/orders/GET": {throttle: {rate_limit: 10, burst_limit: 20}}, "*/*": {}}
secrets:
  ApiGatewayPassthroughHeader: {env: API_GATEWAY_SECRET}
  Another: {file: secret.txt}
  Third: {generate: true}
domains:
  api.example.com: {certificate: api.pem, private_key: api.key, mappings: {"": storefront/prod, "v2": storefront/prod}}
vpc_links:
  storefront-link: {target: internal}
  another: {target: ["10.0.3.7:9000", "10.0.3.8:9000"]}
load_balancers:
  internal:
    type: application
    scheme: internal
    dns_name: internal.storefront
    listeners:
      - protocol: HTTP
        port: 80
        bind: 127.0.0.1:8081
        default_actions: [{type: fixed-response, status_code: 404}]
        rules:
          - priority: 10
            conditions: [{field: path-pattern, values: ["/orders*"]}]
            actions: [{type: forward, target_groups: [{name: orders, weight: 1}]}]
target_groups:
  orders:
    protocol: HTTP
    health_check:
      path: /healthz
      interval_seconds: 10
      timeout_seconds: 5
      healthy_threshold_count: 2
      unhealthy_threshold_count: 2
      matcher: "200"
    load_balancing_algorithm: round_robin
    deregistration_delay_seconds: 30
    targets: ["10.0.3.7:9000"]
services:
  orders:
    command: ["python", "-m", "orders", "--port", "{port}"]
    cwd: .
    desired_count: 2
    target_group: orders
    environment: {}
    secrets: {API_GATEWAY_SECRET: ApiGatewayPassthroughHeader}
    stop_timeout_seconds: 30
    health_check_grace_period_seconds: 10
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
usage_plans:
  gold:
    stages: [storefront/prod]
    throttle: {rate_limit: 100, burst_limit: 200}
    quota: {limit: 100000, offset: 0, period: MONTH}
    keys: [{name: acme, value: {env: ACME_KEY}, enabled: true}]
    keys_file: keys.csv
include: [services/*.yaml]
"""
"""DESIGN section 3, as far as this version goes."""

LATER = {
    StagePart: "cache access_log canary",
    MethodSettingPart: "cache_ttl caching logging_level data_trace metrics",
}


def parsed(text: str) -> ProjectFile:
    return ProjectFile.model_validate(plain(grow(yaml.safe_load(text), Origin("gateline.yaml"))))


def test_the_designed_project_file_is_read() -> None:
    project = parsed(DESIGNED)
    assert project.name == "storefront"
    assert settings(project).tls == TlsPart(certificate="edge.pem", private_key="edge.key")
    assert project.apis["storefront"].stages["prod"].variables["url"] == "internal.storefront"
    assert project.vpc_links["storefront-link"].target == ("internal",)
    assert project.vpc_links["another"].target == ("10.0.3.7:9000", "10.0.3.8:9000")
    assert project.load_balancers["internal"].listeners[0].rules[0].priority == 10
    assert project.services["orders"].placeholders == {"{port}"}
    assert project.usage_plans["gold"].stages[0].stage == "storefront/prod"
    assert project.usage_plans["gold"].keys[0].value.env == "ACME_KEY"


def test_a_project_needs_nothing_but_apis() -> None:
    project = parsed("apis: {a: {definition: d}}")
    assert settings(project) == GatewayPart()
    assert project.apis == {"a": ApiPart(definition="d")}


def test_a_link_may_have_one_target_without_brackets() -> None:
    project = parsed("{apis: {a: {definition: d}}, vpc_links: {l: {target: 'h:1'}}}")
    assert project.vpc_links["l"].target == ("h:1",)


def test_a_link_leads_to_one_balancer_or_to_addresses() -> None:
    with pytest.raises(ValidationError, match="the name of one load balancer, or a list of host:port"):
        parsed("{apis: {a: {definition: d}}, vpc_links: {l: {target: [internal, 'h:1']}}}")


def test_models_cannot_be_changed() -> None:
    project = parsed(DESIGNED)
    with pytest.raises(ValidationError, match="frozen"):
        project.name = "other"


def test_a_stage_has_one_throttle_for_all_methods() -> None:
    throttle = "{rate_limit: 1, burst_limit: 1}"
    settings_of_all = f"method_settings: {{'*/*': {{throttle: {throttle}}}}}"
    stage = (
        parsed(f"apis: {{a: {{definition: d, stages: {{s: {{{settings_of_all}}}}}}}}}").apis["a"].stages["s"]
    )
    assert stage.throttle_of_all == ThrottlePart(rate_limit=1, burst_limit=1)
    with pytest.raises(ValidationError, match="leave one out"):
        parsed(f"apis: {{a: {{definition: d, stages: {{s: {{throttle: {throttle}, {settings_of_all}}}}}}}}}")


def test_aws_services_have_endpoints_by_name() -> None:
    text = "gateway: {aws: {endpoints: {sqs: 'http://127.0.0.1:9324', '*': 'http://127.0.0.1:4566'}}}"
    aws = settings(parsed(text + "\napis: {a: {definition: d}}")).aws
    assert aws is not None
    assert aws.endpoints == {"sqs": "http://127.0.0.1:9324", "*": "http://127.0.0.1:4566"}


@pytest.mark.parametrize("part", LATER)
def test_keys_of_later_versions_are_known_by_name(part: type[Part]) -> None:
    assert set(LATER[part].split()) == part.LATER
    assert not part.LATER & part.model_fields.keys()
