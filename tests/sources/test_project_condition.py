from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_condition import ConditionPart, QueryStringConfigPart

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"field": "path-pattern"}, "has one of values, regex_values and path_pattern_config"),
        ({"field": "source-ip"}, "has one of values and source_ip_config"),
        (
            {"field": "path-pattern", "values": ("/",), "regex_values": ("/",)},
            "has one of values, regex_values and path_pattern_config",
        ),
        (
            {"field": "path-pattern", "path_pattern_config": {"values": ("/",), "regex_values": ("/",)}},
            "a condition has either values or regex_values",
        ),
        (
            {"field": "query-string", "regex_values": ("/",)},
            "regex_values does not belong to a condition of the field query-string",
        ),
        ({"field": "source-ip", "source_ip_config": {"regex_values": ("1",)}}, "regex_values"),
        (
            {"field": "path-pattern", "values": ("/",), "path_pattern_config": {"values": ("/",)}},
            "has one of values, regex_values and path_pattern_config",
        ),
        (
            {"field": "path-pattern", "values": ("/",), "host_header_config": {"values": ("a.b",)}},
            "host_header_config does not belong to a condition of the field path-pattern",
        ),
        (
            {"field": "path-pattern", "values": ("/",), "http_header_name": "X"},
            "http_header_name does not belong",
        ),
        ({"field": "http-header", "values": ("x",)}, "http_header_name stands in"),
        (
            {
                "field": "http-header",
                "http_header_name": "X",
                "http_header_config": {"http_header_name": "X", "values": ("x",)},
            },
            "http_header_name stands in",
        ),
    ],
)
def test_a_condition_has_one_form(written: Json, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ConditionPart.model_validate(written)


def test_a_parameter_of_the_query_has_a_short_form() -> None:
    part = QueryStringConfigPart.model_validate({"values": ("a=b=c", "d", {"value": "e=f"})})
    assert [(value.key, value.value) for value in part.values] == [("a", "b=c"), ("", "d"), ("", "e=f")]
