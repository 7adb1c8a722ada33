"""`mock`: what the request template gives is read for its `statusCode` (api-gateway.md section 19)."""

from __future__ import annotations

from gateline.integrations.outgoing import MockStatus, configuration_error
from gateline.templates.lenient_json import LenientInvalid, read_leniently


def mock_status(payload: bytes) -> MockStatus:
    """The status in a request template's output, or in the body that passed in its place.

    Raises:
        Refusal: 500, there is none that is an integer.

    """
    try:
        value = read_leniently(payload.decode(errors="replace"))
    except LenientInvalid:
        value = None
    status = value.get("statusCode") if isinstance(value, dict) else None
    if not isinstance(status, int) or isinstance(status, bool):
        raise configuration_error("the mock's request template gives no statusCode")
    return MockStatus(status=status)
