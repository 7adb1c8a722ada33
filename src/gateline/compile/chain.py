"""The HTTP filter chain, in order, with a reason by each filter."""

from __future__ import annotations

from collections.abc import Sequence

from gateline import dataplane
from gateline.compile.connection_manager import router
from gateline.compile.entry import LUA_FILTER
from gateline.compile.lua_filter import lua_filter
from gateline.compile.route import HEADER_MUTATION_FILTER
from gateline.compile.rule_action import redirect_filter
from gateline.compile.wire import extension, new, packed
from gateline.dataplane import keys


def http_filters(
    *,
    redirects: bool,
    transforms: Sequence[dict[str, object]] = (),
    throttles: Sequence[dict[str, object]] = (),
    compression: Sequence[dict[str, object]] = (),
    stickiness: Sequence[dict[str, object]] = (),
) -> list[dict[str, object]]:
    """The filters that every request passes.

    Args:
        redirects: a balancer's rule may answer with one.
        transforms: the filters of balancers' rules that rewrite requests, if there are any.
        throttles: the filter that holds the project's token buckets, if there are any.
        compression: the filters of the stages that ask for it.
        stickiness: the filters of balancers' sticky rules, if there are any.

    """
    return [
        # Decides and maps; no route leads to a backend without the end mark that it sets last. What it remembers
        # outlives a change of the listener.
        lua_filter(LUA_FILTER, dataplane.script(), shared_vm_id="gateline"),
        *stickiness,  # may have the route chosen again, which is the same one with another target group
        *throttles,  # before anything is done for a request; after the script has said whose it is
        *([redirect_filter()] if redirects else []),  # knows the mapped request, so it comes after
        *transforms,  # after rules are judged, which see the request as it was mapped
        *compression,  # what a body is when it is decompressed counts for its limit
        _body_limit(),  # only bodies of unknown length are held back, after the decision
        _header_mutation(),  # injects secrets and fixed headers last, so that nothing can take them away
        router(),
    ]


def _body_limit() -> dict[str, object]:
    """Buffers a body without Content-Length up to the limit; skipped for all others, which stream.

    `gateway.lua` refuses a Content-Length over the limit before anything is read.
    """
    buffer = extension(
        "envoy.filters.http.buffer",
        "envoy.extensions.filters.http.buffer.v3.Buffer",
        max_request_bytes={"value": keys.BODY_LIMIT},
    )
    has_length = {
        "single_predicate": {
            "input": {
                "name": "content-length",
                "typed_config": packed(
                    new("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name="content-length")
                ),
            },
            "value_match": {"safe_regex": {"google_re2": {}, "regex": "[0-9]+"}},
        }
    }
    skip = {
        "name": "skip",
        "typed_config": packed(new("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")),
    }
    return extension(
        "gateline.body_limit",
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={"matcher_list": {"matchers": [{"predicate": has_length, "on_match": {"action": skip}}]}},
        extension_config=buffer,
    )


def _header_mutation() -> dict[str, object]:
    return extension(
        HEADER_MUTATION_FILTER, "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
    )
