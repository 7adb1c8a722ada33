"""Transforms of balancers' rules (load-balancers.md section 2.1), between the rule's route and its target.

A filter of Envoy's works out by RE2 what host and target become, `transform.lua` looks at the outcome and puts it into
the request. What is no host or has a form that no target may have meets a route before all rules that answers 500:
whatever fails on the way, no request goes on as it was not meant.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile.lua_filter import lua_filter, lua_route
from gateline.compile.rule_action import failure_fields
from gateline.compile.wire import extension, new, packed
from gateline.dataplane import keys
from gateline.expressions.rewriting import rewriting
from gateline.model.gateway import Gateway, PathMode
from gateline.model.transform import Transforms

REWRITE_FILTER: Final = "gateline.rewrite"
TRANSFORM_FILTER: Final = "gateline.transform"
_SCRIPT: Final = "transform.lua"
_CONFIG: Final = "envoy.extensions.filters.http.header_to_metadata.v3.Config"


def transform_filters(gateway: Gateway) -> list[dict[str, object]]:
    """The filters, which do nothing on routes that do not name them; none where no rule has a transform."""
    if not any(rule.transforms for rule in gateway.rules):
        return []
    # Rules judge the request as it came.
    script = lua_filter(TRANSFORM_FILTER, {_SCRIPT: dataplane.transform_script()})
    return [extension(REWRITE_FILTER, _CONFIG), script]


def transform_fields(transforms: Transforms, paths: PathMode) -> dict[str, Message]:
    """What a rule's route says to these filters; nothing without transforms."""
    rewrites = {":authority": transforms.host, ":path": transforms.url}
    rules = []
    for name, rewrite in rewrites.items():
        if rewrite is None:
            continue
        regex, becomes = rewriting(rewrite.regex, rewrite.replace, of_host=name == ":authority")
        made = {
            "metadata_namespace": keys.TRANSFORMED,
            "key": name,
            "regex_value_rewrite": {"pattern": {"regex": regex}, "substitution": becomes},
        }
        rules.append({"header": name, "on_header_present": made})
    if not rules:
        return {}
    context = {
        "host": str(int(transforms.host is not None)),
        "url": str(int(transforms.url is not None)),
        "strict": str(int(paths is PathMode.STRICT)),
    }
    return {
        REWRITE_FILTER: packed(new(_CONFIG, request_rules=rules)),
        TRANSFORM_FILTER: lua_route(_SCRIPT, context),
    }


def untransformed(name: str, *, behind_api: bool) -> dict[str, object]:
    """The fields of the route for what no transform could follow; it stands before all rules."""
    failed = {
        "filter": keys.NAMESPACE,
        "path": [{"key": keys.UNTRANSFORMED}],
        "value": {"string_match": {"exact": "1"}},
    }
    return {
        "name": name,
        "match": {"safe_regex": {"regex": r"\C*"}, "dynamic_metadata": [failed]},
        **failure_fields(500, behind_api=behind_api),
    }


def put_transforms(route: Any, transforms: Transforms, paths: PathMode) -> Message:  # noqa: ANN401 - a Route
    """The route of an integration with a rule's transforms.

    Where they rewrite the host, the integration's own is in the request already: the route must not write it anew.
    """
    for name, config in transform_fields(transforms, paths).items():
        route.typed_per_filter_config[name].CopyFrom(config)
    if transforms.host is not None:
        route.route.ClearField("host_rewrite_literal")
    assert isinstance(route, Message)
    return route
