from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_condition import ConditionPart, QueryStringConfigPart

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"field": "path-pattern"}, "either values or path_pattern_config"),
        (
            {"field": "path-pattern", "values": ("/",), "path_pattern_config": {"values": ("/",)}},
            "either values or path_pattern_config",
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
