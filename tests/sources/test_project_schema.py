from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from gateline.sources.project_schema import project_schema

from .test_project import DESIGNED

SCHEMA = project_schema()
LISTENING = "load_balancers: {b: {listeners: [{protocol: HTTP, port: 80, default_actions: "
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def accepts(text: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(text))


def maps_of_keys() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "gateline.yaml", SCHEMA
    for name, part in SCHEMA["$defs"].items():
        if "properties" in part:
            yield name, part


def test_the_schema_is_a_schema_and_says_which() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "urn:gateline:schema:project"


def test_every_key_is_described() -> None:
    undescribed = [
        f"{name}.{key}"
        for name, part in maps_of_keys()
        for key, schema in part["properties"].items()
        if not (
            schema.get("description") or SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]].get("description")
        )
    ]
    assert undescribed == []


def test_no_map_takes_other_keys() -> None:
    assert [name for name, part in maps_of_keys() if part.get("additionalProperties") is not False] == []


def test_the_designed_project_file_is_valid() -> None:
    assert accepts(DESIGNED)


@pytest.mark.parametrize(
    "written",
    [
        "gateway: {port: '${env:PORT}', workers: '${env:N:-auto}', region: '${env:REGION:-eu-west-1}'}",
        "gateway: {tls: {self_signed: true}}",
        "vpc_links: {l: {target: 'h:1'}}",
        "secrets: {A: {file: '${env:HOME}/x'}}",
        "functions: {'f:live': {handler: a.b, code: f, timeout: '${env:T}', environment: {A: '${env:A}'}}}",
        "functions: {f: {url: 'http://127.0.0.1:9001/f', concurrency: {minimum: 0, maximum: 9}}}",
        "target_groups: {g: {health_check: {port: traffic-port, matcher: 200}}}",
        "services: {s: {command: 'x {port}', desired_count: '${env:N}'}}",
        (
            "usage_plans: {gold: {stages: [a/b, {stage: a/c, throttle: {/x/GET: "
            "{rate_limit: '${env:R}', burst_limit: 2}}}]}}"
        ),
        "domains: {'*.example.com': {self_signed: true, mappings: {'': a/dev, 'v1/x': a/dev}}}",
        LISTENING
        + "[{type: redirect, protocol: HTTPS, port: 443, path: '/#{path}', status_code: HTTP_301}]}]}}",
        LISTENING
        + "[{type: forward, target_group: g}], rules: [{priority: 1, conditions: [{field: query-string, "
        "query_string_config: {values: [a=b, {value: c}]}}], actions: [{type: forward, target_group: g}]}]}]}}",
    ],
)
def test_what_gateline_takes_is_valid(written: str) -> None:
    assert accepts("apis: {a: {definition: d}}\n" + written)


@pytest.mark.parametrize(
    "written",
    [
        "gatway: {}",
        "usage_plans: {gold: {}}",
        "usage_plans: {gold: {stages: [a/b], quota: {limit: 1, period: YEAR}}}",
        "services: {a: {}}",
        "services: {a: {command: []}}",
        "target_groups: {a: {protocol: QUIC}}",
        "load_balancers: {a: {}}",
        "domains: {api.example.com: {}}",
        "domains: {'http://a': {mappings: {'': a/b}}}",
        "functions: {f: {handler: a.b, code: f, timeout: 0}}",
        "functions: {f: {handler: a.b, code: f, timeout: 901}}",
        "functions: {f: {arn: f}}",
        "functions: {a b: {arn: 'arn:aws:lambda:eu-west-1:123456789012:function:f'}}",
        "gateway: {port: 70000}",
        "gateway: {port: '80'}",
        "gateway: {workers: none}",
        "gateway: {paths: lax}",
        "gateway: {account_id: '1'}",
        "gateway: {hosts: a}",
        "secrets: {1a: {env: A}}",
        "secrets: {A: {value: x}}",
        "vpc_links: {l: {target: []}}",
        "vpc_links: {l: {}}",
    ],
)
def test_what_gateline_refuses_is_not_valid(written: str) -> None:
    assert not accepts("apis: {a: {definition: d}}\n" + written)


def test_names_of_apis_and_stages_are_judged() -> None:
    assert not accepts("apis: {My_API: {definition: d}}")
    assert not accepts("apis: {a: {definition: d, stages: {'a b': {}}}}")
    assert not accepts("apis: {a: {definition: d, stages: {s: {variables: {v: 'a b'}}}}}")
    assert accepts("apis: {}")  # beside load_balancers; without those it is the validator that refuses


def test_limits_are_said_in_words_of_json_schema() -> None:
    rotated = project_schema()["$defs"]["SecretPart"]["properties"]["rotate_every_seconds"]
    assert {"type": "integer", "minimum": 1, "maximum": 31_536_000} in rotated["anyOf"]
    assert '"ge"' not in json.dumps(project_schema())
