from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_transform import TransformPart

ONE = {"rewrites": ({"regex": "a", "replace": "b"},)}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"type": "url-rewrite"}, "a transform of type url-rewrite needs url_rewrite_config"),
        (
            {"type": "url-rewrite", "url_rewrite_config": ONE, "host_header_rewrite_config": ONE},
            "host_header_rewrite_config does not belong to a transform of type url-rewrite",
        ),
        ({"type": "url-rewrite", "url_rewrite_config": {"rewrites": ()}}, "at least 1 item"),
        ({"type": "url-rewrite", "url_rewrite_config": {"rewrites": ONE["rewrites"] * 2}}, "at most 1 item"),
        (
            {
                "type": "url-rewrite",
                "url_rewrite_config": {"rewrites": ({"regex": "a" * 1025, "replace": ""},)},
            },
            "at most 1024 characters",
        ),
    ],
)
def test_a_transform_has_the_one_rewrite_of_its_type(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TransformPart.model_validate(written)


def test_the_config_is_named_after_the_type() -> None:
    part = TransformPart.model_validate({"type": "host-header-rewrite", "host_header_rewrite_config": ONE})
    assert part.config_key == "host_header_rewrite_config"
