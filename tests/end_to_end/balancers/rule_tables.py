"""Tables of rules as listeners: each case is a rule that only requests of its name meet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]

CASE: Final = "X-Case"
MOST_RULES: Final = 95
"""Of one balancer, whose quota is 100."""


def of_case(name: str) -> Json:
    """The condition by which a case's requests meet its rule."""
    return {"field": "http-header", "http_header_name": CASE, "values": [name]}


def answering(text: str, status: int = 200) -> Json:
    """A fixed response."""
    return {"type": "fixed-response", "status_code": str(status), "message_body": text}


def balancers(rules: Mapping[str, Json], **listener: Any) -> dict[str, Json]:
    """Balancers of the internet that hold all these rules, by case; each listens where `PORT_n` says.

    A rule is its conditions (`of_case` is added), actions and transforms. What no rule takes is 404 `nothing`.
    """
    made = {}
    for number, begin in enumerate(range(0, len(rules), MOST_RULES)):
        several = list(rules.items())[begin : begin + MOST_RULES]
        listeners = [
            {
                "protocol": "HTTP",
                "port": 80,
                "bind": f"127.0.0.1:${{env:PORT_{number}}}",
                "default_actions": [answering("nothing", 404)],
                "rules": [_rule(begin + index, name, rule) for index, (name, rule) in enumerate(several)],
                **listener,
            }
        ]
        made[f"table-{number}"] = {"scheme": "internet-facing", "listeners": listeners}
    return made


def _rule(index: int, name: str, rule: Json) -> Json:
    conditions = [of_case(name), *rule.get("conditions", ())]
    return {"priority": index + 1, "actions": [answering("fits")], **rule, "conditions": conditions}


def project(**parts: Any) -> str:
    """A project file; JSON is YAML too."""
    whole = {
        "name": "tables",
        "gateway": {"workers": 1},
        "apis": {"health": {"definition": "health.yaml", "stages": {"prod": {}}}},
        **parts,
    }
    return json.dumps(whole, indent=1)


def where(rules: Sequence[str], name: str) -> int:
    """The number of the balancer that holds a case."""
    return list(rules).index(name) // MOST_RULES
