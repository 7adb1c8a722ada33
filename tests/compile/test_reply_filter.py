"""Filters of local replies."""

from __future__ import annotations

from typing import Any

from gateline.compile.reply_filter import all_of, by_expression, by_flags
from gateline.compile.wire import new, to_dict


def test_filters_are_envoys() -> None:
    both = all_of(by_flags("UF", "UC"), by_expression("response.code == 502"))
    told: Any = to_dict(new("envoy.config.accesslog.v3.AccessLogFilter", **both))
    flags, expression = told["and_filter"]["filters"]
    assert flags == {"response_flag_filter": {"flags": ["UF", "UC"]}}
    assert expression["extension_filter"]["typed_config"]["expression"] == "response.code == 502"
