from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from compile.gateways import compiled
from gateline.runtime.candidate import Memory, read
from gateline.runtime.settings import Settings
from gateline.runtime.ways_around import ways_around

TO_ORDERS: dict[str, Any] = {"type": "forward", "target_groups": [{"name": "orders"}]}
TO_BASKET: dict[str, Any] = {"type": "forward", "target_groups": [{"name": "basket"}]}
HELLO: dict[str, Any] = {"type": "fixed-response", "fixed_response_config": {"status_code": "200"}}


def integration(path: str) -> dict[str, Any]:
    found = {"type": "http_proxy", "httpMethod": "GET", "uri": f"http://internal.shop{path}"}
    return {**found, "connectionType": "VPC_LINK", "connectionId": "link"}


def listener(port: int, *actions: dict[str, Any]) -> dict[str, Any]:
    path = [{"field": "path-pattern", "values": ["/basket*"]}]
    rules = [{"priority": 1, "conditions": path, "actions": [action]} for action in actions[1:]]
    return {"protocol": "HTTP", "port": port, "default_actions": [actions[0]], "rules": rules}


def test_balancers_of_the_internet_that_lead_where_guarded_methods_lead_are_told(tmp_path: Path) -> None:
    key = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    parameters = [{"name": "id", "in": "path", "required": True, "type": "string"}]
    named = {"requestParameters": {"integration.request.path.id": "method.request.path.id"}}
    guarded = {
        "security": [{"key": []}],
        "parameters": parameters,
        "x-amazon-apigateway-integration": {**integration("/orders/{id}"), **named},
    }
    definition = {
        "swagger": "2.0",
        "info": {"title": "shop", "version": "1"},
        "securityDefinitions": {"key": key},
        "paths": {
            "/orders/{id}": {"get": guarded},
            "/basket": {"get": {"x-amazon-apigateway-integration": integration("/basket")}},
        },
    }
    web = [listener(8081, TO_BASKET), listener(8082, TO_ORDERS), listener(8083, HELLO, TO_ORDERS)]
    project = {
        "name": "shop",
        "apis": {"shop": {"definition": "shop.json", "stages": {"prod": {}}}},
        "vpc_links": {"link": {"target": "internal"}},
        "load_balancers": {
            "internal": {"dns_name": "internal.shop", "listeners": [listener(80, TO_ORDERS, TO_BASKET)]},
            "web": {"scheme": "internet-facing", "listeners": web},
        },
        "target_groups": {"orders": {"targets": ["127.0.0.1:9"]}, "basket": {"targets": ["127.0.0.1:9"]}},
    }
    (tmp_path / "shop.json").write_text(json.dumps(definition))
    (tmp_path / "gateline.yaml").write_text(yaml.safe_dump(project))
    served = read(Settings(project=tmp_path / "gateline.yaml", environ={}), Memory()).gateway
    assert served is not None
    found = {way["port"]: way for way in ways_around(served, compiled(served).routes, "any")}
    # The method of /basket asks nobody; its rule may lead a request of /orders/{id} to no other group.
    assert set(found) == {8082, 8083}
    assert (found[8082]["groups"], found[8082]["answers"]) == (["orders"], False)
    assert (found[8082]["host"], found[8082]["paths"]) == ("127.0.0.1", ["/orders/any"])
    assert found[8083]["answers"] is True
