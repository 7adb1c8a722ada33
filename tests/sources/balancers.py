"""Projects with balancers, made for one test."""

from __future__ import annotations

import json
from typing import Any

from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Listener, Rule

from .conftest import LoadProject

Json = dict[str, Any]
FIXED: Json = {"type": "fixed-response", "status_code": 404}
ORDERS: Json = {"orders": {"targets": ["10.0.3.7:9000"]}}


def project(**parts: object) -> str:
    """A project file of one API and these parts."""
    return json.dumps({"apis": {"storefront": {"definition": "api.json"}}, **parts})


def listening(*listeners: Json, balancer: Json | None = None, **parts: object) -> str:
    """A project whose balancer `b` has these listeners, and the target group `orders`."""
    held = {"dns_name": "10.example.com", **(balancer or {}), "listeners": list(listeners)}
    return project(**{"load_balancers": {"b": held}, "target_groups": ORDERS, **parts})


def http(*rules: Json, **keys: object) -> Json:
    """An HTTP listener at port 80 with these rules."""
    return {"protocol": "HTTP", "port": 80, "default_actions": [FIXED], "rules": list(rules), **keys}


def rule(*conditions: Json, priority: int = 1, action: Json | None = None) -> Json:
    """A rule; its action is a constant answer unless one is given."""
    return {"priority": priority, "conditions": list(conditions), "actions": [action or FIXED]}


def condition(field: str, *values: object, **keys: object) -> Json:
    """A condition with its values beside it."""
    return {"field": field, "values": list(values), **keys}


def gateway_of(load_project: LoadProject, text: str) -> Gateway:
    """The gateway of a project without errors."""
    loaded = load_project(text, environ={"A": "x"})
    assert loaded.gateway is not None, loaded.report
    return loaded.gateway


def listener_of(load_project: LoadProject, text: str) -> Listener:
    """The first listener of the first balancer."""
    return gateway_of(load_project, text).load_balancers[0].listeners[0]


def rules_of(load_project: LoadProject, text: str) -> tuple[Rule, ...]:
    """The rules of that listener."""
    return listener_of(load_project, text).rules


def errors_of(load_project: LoadProject, text: str) -> list[str]:
    """`GLnnn pointer: message` of every error."""
    return [
        f"{d.code.name} {d.origin.json_pointer}: {d.message}"
        for d in load_project(text, environ={"A": "x"}).report.diagnostics
        if d.severity == "error"
    ]
