"""Refusals name a gateway response."""

from __future__ import annotations

from gateline.integrations.outgoing import Refusal, configuration_error
from gateline.model.gateway_response import RESPONSE_TYPES


def test_a_fault_of_the_definition_is_a_configuration_error() -> None:
    refusal = configuration_error("why")
    assert RESPONSE_TYPES[refusal.type].status == 500
    assert str(refusal) == "why"
    assert refusal.message is None


def test_a_refusal_without_a_reason_tells_its_type() -> None:
    assert str(Refusal("UNSUPPORTED_MEDIA_TYPE")) == "UNSUPPORTED_MEDIA_TYPE"
