"""Throttles, natively: Envoy's local rate limit behind the script (api-gateway.md section 15).

One filter holds all token buckets, and all workers share them. Which buckets a request draws from is said by the
script and by its route, never by a header: the script names plan and key (`gl.throttle` in dynamic metadata) of a
caller whose plan throttles; the metadata of a throttled method's route name the method. A request that has neither
draws from none. A plan's bucket for all methods and its bucket for one are both drawn from.

Keys get buckets when they are first seen, and the ones that rested longest go when there are too many: these are
full again by then, or nearly. A change of the throttles, or of the listener, fills all buckets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.wire import extension, new, struct
from gateline.dataplane import keys
from gateline.model.gateway import Gateway
from gateline.model.rest_api import Method, Stage
from gateline.model.usage_plan import MethodThrottle, Throttle, UsagePlan

MOST_KEYS: Final = 65_536
"""Keys that have a bucket under one throttle at the same time."""

_STAGE: Final = "stage"  # of a method that is throttled as all of its stage are
_METHOD: Final = "method"
_ALONE: Final = "alone"  # of a method that has a throttle of its own
_PLAN: Final = "plan"
_KEY: Final = "key"
_CLOSED: Final = "closed "
_ANY: Final = ""  # the value of an entry that is for every value: each has a bucket
_MOST_TOKENS: Final = 2**32 - 1
_FINEST: Final = 1000  # a rate is a fraction with a denominator of at most this: so many seconds
_SLOWEST: Final = timedelta(days=365)
_ALWAYS: Final = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A token bucket, and what names it: pairs of a name and its value."""

    entries: tuple[tuple[str, str], ...]
    throttle: Throttle

    @property
    def is_closed(self) -> bool:
        """No request passes: what needs two tokens draws from a bucket that holds one."""
        return not self.throttle.rate_limit or not self.throttle.burst_limit

    @property
    def shape(self) -> tuple[tuple[str, ...], bool]:
        """The names of what has to be known of a request, and whether it is closed."""
        return tuple(name for name, _ in self.entries), self.is_closed


def is_throttled(plan: UsagePlan) -> bool:
    """Whether requests of the plan's keys draw from buckets of their own."""
    return plan.throttle is not None or any(stage.throttles for stage in plan.stages)


def throttle_filters(gateway: Gateway) -> list[dict[str, object]]:
    """The filter with all buckets of the project; none when nothing is throttled."""
    buckets = [*_of_plans(gateway), *_of_stages(gateway)]
    if not buckets:
        return []
    return [
        extension(
            "envoy.filters.http.local_ratelimit",
            "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            stat_prefix="throttle",
            filter_enabled=_ALWAYS,
            filter_enforced=_ALWAYS,
            always_consume_default_token_bucket={"value": False},
            max_dynamic_descriptors={"value": MOST_KEYS},
            descriptors=[_descriptor(bucket) for bucket in buckets],
            rate_limits=[_rule(*shape) for shape in dict.fromkeys(bucket.shape for bucket in buckets)],
        )
    ]


def throttled_by_plans(gateway: Gateway) -> tuple[tuple[str, MethodThrottle], ...]:
    """The scopes of stages in which plans throttle single methods, with these throttles."""
    return tuple(
        (stage.scope, throttle)
        for plan in gateway.usage_plans
        for stage in plan.stages
        for throttle in stage.throttles
    )


def mark_throttled(route: Message, gateway: Gateway, api: str, stage: Stage, method: Method) -> None:
    """Let the Route (or RouteList) of a method say to the filter under which throttles the method stands, if any."""
    name = names.route(api, stage.name, method.http_method, method.path.text)
    scope = names.scope(api, stage.name)
    said = {}
    if _fitting(stage.method_throttles, method):
        said[_ALONE] = name
    elif stage.throttle:
        said |= {_STAGE: scope, _METHOD: name}
    if _fitting((throttle for where, throttle in throttled_by_plans(gateway) if where == scope), method):
        said[_METHOD] = name
    if said:
        metadata = {"filter_metadata": {keys.NAMESPACE: struct(said)}}
        mark = new("envoy.config.route.v3.Route", metadata=metadata)
        for each in getattr(route, "routes", (route,)):
            each.MergeFrom(mark)


def _of_plans(gateway: Gateway) -> Iterator[_Bucket]:
    methods = {names.scope(api.name, stage.name): api.methods for api in gateway.apis for stage in api.stages}
    for plan in gateway.usage_plans:
        if plan.throttle:
            yield _Bucket(((_PLAN, plan.name), (_KEY, _ANY)), plan.throttle)
        for stage in plan.stages:
            for method in methods.get(stage.scope, ()):
                if throttle := _fitting(stage.throttles, method):
                    name = names.route(stage.api, stage.stage, method.http_method, method.path.text)
                    yield _Bucket(((_PLAN, plan.name), (_METHOD, name), (_KEY, _ANY)), throttle)


def _of_stages(gateway: Gateway) -> Iterator[_Bucket]:
    for api in gateway.apis:
        for stage in api.stages:
            if stage.throttle:
                scope = names.scope(api.name, stage.name)
                yield _Bucket(((_STAGE, scope), (_METHOD, _ANY)), stage.throttle)
            for method in api.methods:
                if throttle := _fitting(stage.method_throttles, method):
                    name = names.route(api.name, stage.name, method.http_method, method.path.text)
                    yield _Bucket(((_ALONE, name),), throttle)


def _fitting(throttles: Iterable[MethodThrottle], method: Method) -> Throttle | None:
    """The throttle that says most about the method."""
    fitting = [
        each
        for each in throttles
        if each.path in ("*", method.path.text) and each.verb in ("*", method.http_method)
    ]
    best = max(fitting, key=lambda each: (each.path != "*", each.verb != "*"), default=None)
    return best.throttle if best else None


def _descriptor(bucket: _Bucket) -> dict[str, object]:
    return {
        "entries": [
            {"key": _named(name, bucket.is_closed), "value": value} for name, value in bucket.entries
        ],
        "token_bucket": _token_bucket(bucket),
    }


def _token_bucket(bucket: _Bucket) -> dict[str, object]:
    """Envoy fills buckets continuously, at so many tokens by so many seconds."""
    if bucket.is_closed:
        return {"max_tokens": 1, "tokens_per_fill": {"value": 1}, "fill_interval": _SLOWEST}
    rate = bucket.throttle.rate_limit
    part = Fraction(rate).limit_denominator(_FINEST)
    tokens, interval = part.numerator, timedelta(seconds=part.denominator)
    if not tokens:
        tokens, interval = 1, min(timedelta(seconds=1 / rate), _SLOWEST)
    return {
        "max_tokens": min(bucket.throttle.burst_limit, _MOST_TOKENS),
        "tokens_per_fill": {"value": min(tokens, _MOST_TOKENS)},
        "fill_interval": interval,
    }


def _rule(read: tuple[str, ...], is_closed: bool) -> dict[str, object]:
    """Reads what names a bucket; a request of which something of it is unknown has no such bucket."""
    rule: dict[str, object] = {"actions": [_read(name, _named(name, is_closed)) for name in read]}
    if is_closed:
        rule["hits_addend"] = {"number": {"value": 2}}
    return rule


def _read(name: str, key: str) -> dict[str, object]:
    if name in (_PLAN, _KEY):
        path, source = [{"key": keys.THROTTLE}, {"key": name}], "DYNAMIC"
    else:
        path, source = [{"key": name}], "ROUTE_ENTRY"
    where = {"key": keys.NAMESPACE, "path": path}
    return {"metadata": {"descriptor_key": key, "metadata_key": where, "source": source}}


def _named(name: str, is_closed: bool) -> str:
    return f"{_CLOSED}{name}" if is_closed else name
