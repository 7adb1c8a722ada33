"""The entry scope: the route configuration of a request's first pass.

Its only routes lead nowhere (500 if the script lets a request through); they carry the table of hosts, APIs and
stages for `gateway.lua`, and say natively whether the path has one of the usual forms.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.edge_tls import compares_names
from gateline.compile.lua_filter import lua_route
from gateline.compile.route import MAX_DIRECT_BODY, header
from gateline.compile.table import Table, table_id
from gateline.compile.wire import new, packed
from gateline.dataplane import keys
from gateline.model.domain import Domain
from gateline.model.gateway import Gateway, PathMode

_SEGMENT_START = r"[A-Za-z0-9_~!$&'()*+,=:@\-]"
_SEGMENT_REST = r"[A-Za-z0-9_~!$&'()*+,=:@.\-]"
PLAIN_TARGET = rf"(?:/{_SEGMENT_START}{_SEGMENT_REST}*)*/?(?:\?[!-\"$-~]*)?"
"""Request targets with nothing to look at twice: no percent, no `;`, no `//`, no segment that begins with a dot,
no backslash, no control byte, no `#`. RE2 matches it in linear time; the header matcher anchors it at both ends."""

LONG_LENGTH = "[0-9]{8,}"
"""A Content-Length that may be over the limit of a body."""

LUA_FILTER = "envoy.filters.http.lua"

_JWKS_SECONDS: Final = 300
"""How long whoever fetches the public keys of assertions may keep them, at most."""


NOWHERE: Final = {
    "direct_response": {
        "status": 500,
        "body": {"inline_string": '{"message": "Internal server error"}'},
    },
    "response_headers_to_add": [
        header("content-type", "application/json"),
        header("x-amzn-errortype", "InternalServerErrorException"),
    ],
}
"""What a route answers on which a request stands that the script did not let on."""


def entry_scope(
    gateway: Gateway,
    stage_tables: Mapping[str, str],
    generations: Mapping[str, Mapping[str, str]],
    *,
    logged: bool,
    keys_generation: str = "",
    jwks: bytes = b"",
) -> Message:
    """The ScopedRouteConfiguration that every request meets first.

    Args:
        gateway: the project.
        stage_tables: the id of each stage's table, by scope.
        generations: of each scope's authorizers, by name: decisions of other generations do not count.
        logged: whether a request log is written.
        keys_generation: of the API keys and their plans: decisions about others do not count.
        jwks: the public keys of assertions, shown at the gateway's `jwks_path` if it has one.

    """
    table = _table(gateway, stage_tables, generations, logged=logged, keys_generation=keys_generation)
    name = table_id(table)
    room = {"max_direct_response_body_size_bytes": {"value": MAX_DIRECT_BODY}} if gateway.jwks_path else {}
    return scoped(
        keys.ENTRY_SCOPE,
        **room,
        virtual_hosts=[
            {
                "name": "entry",
                "domains": ["*"],
                "routes": [
                    *([jwks_route(gateway, jwks)] if gateway.jwks_path else []),
                    {**_usual(name), **_nowhere({"id": name, "table": table})},
                    {
                        "name": f"entry {name}",
                        "match": {"safe_regex": {"regex": ".*"}},  # also `*` and what is no path
                        **_nowhere({"id": f"{name}~", "table": table}),
                    },
                ],
            }
        ],
    )


def _usual(name: str) -> dict[str, object]:
    """The match of requests with nothing to look at twice; `name` is the table's."""
    return {
        "name": f"entry usual {name}",
        "match": {
            "prefix": "/",
            "headers": [
                {"name": ":path", "string_match": {"safe_regex": {"regex": PLAIN_TARGET}}},
                {
                    "name": "content-length",
                    "string_match": {"safe_regex": {"regex": LONG_LENGTH}},
                    "treat_missing_header_as_empty": True,
                    "invert_match": True,
                },
                {
                    "name": "authorization",  # a comma may join two of them
                    "string_match": {"safe_regex": {"regex": "[^,]*"}},
                    "treat_missing_header_as_empty": True,
                },
            ],
        },
    }


def scoped(scope: str, /, **route_configuration: object) -> Message:
    """A scope with its route configuration inline, so that adding or changing one is one resource."""
    return new(
        "envoy.config.route.v3.ScopedRouteConfiguration",
        name=scope,
        key={"fragments": [{"string_key": scope}]},
        route_configuration={"name": scope, **route_configuration},
    )


def jwks_route(gateway: Gateway, jwks: bytes) -> dict[str, object]:
    """The route that shows everybody the public keys of assertions, whatever the Host; the script does not see it."""
    # A key is shown for half of its time before it signs, an hour at most (runtime/assertion_keys.py): whoever keeps
    # the keys for this long knows it by then.
    seconds = int(min(_JWKS_SECONDS, gateway.assertion_keys_every.total_seconds() / 4))
    return {
        "name": "jwks",
        "match": {
            "path": gateway.jwks_path,
            "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}],
        },
        "direct_response": {
            "status": 200,
            "body": {"inline_string": jwks.decode("ascii") or '{"keys":[]}'},
        },
        "response_headers_to_add": [
            header("content-type", "application/jwk-set+json"),
            header("cache-control", f"public, max-age={seconds}"),
        ],
        "typed_per_filter_config": {
            LUA_FILTER: packed(new("envoy.extensions.filters.http.lua.v3.LuaPerRoute", disabled=True))
        },
    }


def _nowhere(context: dict[str, str]) -> dict[str, object]:
    return {**NOWHERE, "typed_per_filter_config": {LUA_FILTER: lua_route(context=context)}}


def _table(
    gateway: Gateway,
    stage_tables: Mapping[str, str],
    generations: Mapping[str, Mapping[str, str]],
    *,
    logged: bool,
    keys_generation: str,
) -> str:
    edge = gateway.edge
    table = Table()
    loopback = listens_on_loopback(edge.address)
    table.put(edge.default_api, int(loopback), int(edge.paths is PathMode.STRICT), int(logged))
    table.put(int(compares_names(gateway)), keys_generation)
    table.put(len(edge.hosts))
    for host in sorted(edge.hosts):
        table.put(host.lower(), edge.default_api)
    table.put(len(gateway.apis))
    for api in sorted(gateway.apis, key=lambda api: api.name):
        table.put(api.name, int(api.execute_api_endpoint))
        table.put(len(api.stages))
        for stage in sorted(stage.name for stage in api.stages):
            scope = names.scope(api.name, stage)
            table.put(stage, stage_tables[scope])
            authorizers = generations.get(scope, {})
            table.put(len(authorizers))
            for name, generation in authorizers.items():
                table.put(name, generation)
    _put_domains(table, gateway.domains)
    return table.text


def _put_domains(table: Table, domains: Sequence[Domain]) -> None:
    table.put(len(domains))
    for domain in sorted(domains, key=lambda domain: domain.name):
        table.put(domain.name, int(bool(domain.certificate)), len(domain.mappings))
        for mapping in sorted(domain.mappings, key=lambda mapping: mapping.base_path):
            table.put(mapping.base_path, mapping.api, mapping.stage)


def listens_on_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
