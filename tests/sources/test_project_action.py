from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_action import ActionPart

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"type": "forward"}, "exactly one of target_group, target_groups and forward_config"),
        (
            {"type": "forward", "target_group": "a", "target_groups": ({"name": "b"},)},
            "exactly one of target_group, target_groups and forward_config",
        ),
        ({"type": "forward", "target_group": ""}, "needs a target group"),
        ({"type": "forward", "target_groups": ()}, "needs a target group"),
        (
            {"type": "forward", "target_groups": ({"name": "a"}, {"name": "a", "weight": 2})},
            "the target group 'a' is written twice",
        ),
        (
            {"type": "forward", "status_code": "404"},
            "status_code does not belong to an action of type forward",
        ),
        ({"type": "redirect", "status_code": "404"}, "the status_code of a redirect is HTTP_301 or HTTP_302"),
        ({"type": "redirect", "host": "a"}, "a redirect needs a status_code"),
        (
            {"type": "redirect", "status_code": "HTTP_301", "message_body": "x"},
            "message_body does not belong",
        ),
        ({"type": "fixed-response", "status_code": "HTTP_301"}, "200 to 299 or 400 to 599"),
        ({"type": "fixed-response"}, "a fixed-response needs a status_code"),
        (
            {
                "type": "fixed-response",
                "fixed_response_config": {"status_code": "404"},
                "content_type": "text/plain",
            },
            "fixed_response_config stands alone, without content_type beside it",
        ),
    ],
)
def test_an_action_has_one_form_and_no_keys_of_another(written: Json, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ActionPart.model_validate(written)
