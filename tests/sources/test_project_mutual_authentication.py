from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_mutual_authentication import MutualAuthenticationPart


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"mode": "verify"}, "verify needs a trust_store"),
        ({"mode": "passthrough", "trust_store": {"ca": "a"}}, "belongs to mode: verify, not to passthrough"),
        ({"mode": "off", "ignore_client_certificate_expiry": True}, "belongs to mode: verify, not to off"),
        ({"mode": "passthrough", "advertise_trust_store_ca_names": "off"}, "not to passthrough"),
    ],
)
def test_only_verify_has_more_to_say(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        MutualAuthenticationPart.model_validate(written)
