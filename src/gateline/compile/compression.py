"""Compression: `minimumCompressionSize` as Envoy filters (api-gateway.md section 12, last lines).

A filter that stands in front of the script would be set up for the route of the first pass, which belongs to no
stage. So these stand behind it, and a matcher on the scope that the script chose lets all other stages pass by.
Gzip only: Envoy has no deflate, and who takes nothing else gets the answer as it is, which HTTP allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.wire import extension, new, packed
from gateline.dataplane import keys
from gateline.model.gateway import Gateway

MAX_INFLATE_RATIO: Final = 1032
"""Deflate cannot do better than this, so no honest body is cut; the body's limit stops the others."""


def compression_filters(gateway: Gateway) -> list[dict[str, object]]:
    """The filters of the stages that ask for compression; none, when no API does."""
    scopes: dict[int, list[str]] = {}
    for api in gateway.apis:
        if api.minimum_compression_size is not None:
            of_api = [names.scope(api.name, stage.name) for stage in api.stages]
            scopes.setdefault(api.minimum_compression_size, []).extend(of_api)
    if not scopes:
        return []
    everywhere = [scope for size in sorted(scopes) for scope in scopes[size]]
    return [
        _only("gateline.decompressor", _decompressor(), everywhere),
        *(_only(f"gateline.compressor {size}", _compressor(size), scopes[size]) for size in sorted(scopes)),
    ]


def _compressor(size: int) -> dict[str, object]:
    return extension(
        "envoy.filters.http.compressor",
        "envoy.extensions.filters.http.compressor.v3.Compressor",
        compressor_library=extension("gzip", "envoy.extensions.compression.gzip.compressor.v3.Gzip"),
        response_direction_config={
            "common_config": {
                "min_content_length": {"value": max(size, 1)},  # Envoy takes 0 for its default of 30
                "content_type_matcher": [{"safe_regex": {"regex": ".*"}}],  # Amazon looks at the size only
            },
            "weaken_etag_on_compress": True,
        },
    )


def _decompressor() -> dict[str, object]:
    never = {"default_value": {"value": False}, "runtime_key": "gateline.decompress_responses"}
    return extension(
        "envoy.filters.http.decompressor",
        "envoy.extensions.filters.http.decompressor.v3.Decompressor",
        decompressor_library=extension(
            "gzip",
            "envoy.extensions.compression.gzip.decompressor.v3.Gzip",
            window_bits={"value": 15},
            max_inflate_ratio={"value": MAX_INFLATE_RATIO},
        ),
        request_direction_config={"advertise_accept_encoding": {"value": False}},
        response_direction_config={"common_config": {"enabled": never}},
    )


def _only(name: str, filter_: dict[str, object], scopes: Iterable[str]) -> dict[str, object]:
    """The filter, passed by for requests that the script sent to any other scope."""
    of_scope = [
        {
            "single_predicate": {
                "input": {
                    "name": "scope",
                    "typed_config": packed(
                        new(
                            "envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
                            header_name=keys.SCOPE_HEADER,
                        )
                    ),
                },
                "value_match": {"exact": scope},
            }
        }
        for scope in sorted(scopes)
    ]
    one_of_them = of_scope[0] if len(of_scope) == 1 else {"or_matcher": {"predicate": of_scope}}
    return extension(
        name,
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={
            "matcher_list": {
                "matchers": [{"predicate": {"not_matcher": one_of_them}, "on_match": {"action": _skip()}}]
            }
        },
        extension_config=filter_,
    )


def _skip() -> dict[str, object]:
    action: Message = new("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")
    return {"name": "skip", "typed_config": packed(action)}
