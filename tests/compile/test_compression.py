"""Which stages compress, and what the filters that do so look like."""

from __future__ import annotations

from typing import Any

import pytest

from compile.gateways import api, gateway, method
from gateline.compile.compression import compression_filters
from gateline.compile.wire import to_dict
from gateline.model.rest_api import RestApi


def filters(*apis: RestApi) -> dict[str, dict[str, Any]]:
    """The filters of a gateway by name, as dictionaries."""
    found: dict[str, dict[str, Any]] = {}
    for each in compression_filters(gateway(*apis)):
        config: Any = each["typed_config"]
        found[str(each["name"])] = to_dict(config)
    return found


def compressing(name: str, size: int | None) -> RestApi:
    return api(method("GET", "/a"), name=name, minimum_compression_size=size)


def scopes(filter_: dict[str, Any]) -> list[str]:
    """The scopes whose requests the filter looks at."""
    (matcher,) = filter_["xds_matcher"]["matcher_list"]["matchers"]
    predicate = matcher["predicate"]["not_matcher"]
    several = predicate["or_matcher"]["predicate"] if "or_matcher" in predicate else [predicate]
    return [each["single_predicate"]["value_match"]["exact"] for each in several]


def test_without_an_api_that_asks_there_is_no_filter() -> None:
    assert filters(compressing("a", None)) == {}


def test_only_the_stages_that_ask_are_looked_at() -> None:
    found = filters(compressing("a", None), compressing("b", 100), compressing("c", 100))
    assert list(found) == ["gateline.decompressor", "gateline.compressor 100"]
    assert [scopes(each) for each in found.values()] == [["b/dev", "c/dev"]] * 2


def test_each_size_has_a_compressor_and_zero_is_one() -> None:
    found = filters(compressing("a", 1000), compressing("b", 0))
    assert list(found) == ["gateline.decompressor", "gateline.compressor 0", "gateline.compressor 1000"]
    assert scopes(found["gateline.compressor 0"]) == ["b/dev"]
    assert scopes(found["gateline.decompressor"]) == ["a/dev", "b/dev"]


@pytest.mark.parametrize(("size", "smallest"), [(0, 1), (1, 1), (10_485_760, 10_485_760)])
def test_the_size_is_the_definitions(size: int, smallest: int) -> None:
    compressor = filters(compressing("a", size))[f"gateline.compressor {size}"]
    config = compressor["extension_config"]["typed_config"]["response_direction_config"]["common_config"]
    assert config["min_content_length"] == smallest
