from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_function import FunctionPart


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "exactly one of code, url and arn"),
        ({"code": "a", "handler": "a.b", "url": "http://localhost"}, "exactly one of code, url and arn"),
        ({"url": "http://localhost", "handler": "a.b"}, "handler belongs to a function with code"),
        ({"code": "a"}, "needs a handler"),
        ({"code": "a", "handler": "a"}, "FILE.FUNCTION"),
        ({"code": "a", "handler": "a.b", "concurrency": {"minimum": 5}}, "not be larger than maximum"),
    ],
)
def test_a_function_is_of_one_kind_and_says_nothing_of_others(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FunctionPart.model_validate(written)


@pytest.mark.parametrize(
    ("runtime", "ours"), [("python3.12", True), ("python3.11", True), ("nodejs22.x", False)]
)
def test_python_runs_in_our_own_workers(runtime: str, *, ours: bool) -> None:
    written = {"code": "a", "handler": "a.b", "runtime": runtime}
    assert FunctionPart.model_validate(written).is_python is ours
