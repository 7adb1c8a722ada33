"""Integrations: what their values say about themselves."""

from __future__ import annotations

import dataclasses

import pytest

from compile.gateways import http_proxy
from gateline.model.integration import Integration, LiteralSource
from gateline.model.secret import SecretRef


def test_a_literal_without_a_secret_is_a_text() -> None:
    assert LiteralSource(("a", "b")).text == "ab"
    assert LiteralSource(("",)).text == ""


def test_a_literal_with_a_secret_is_none() -> None:
    assert LiteralSource(("a", SecretRef("s"), "b")).text is None


def test_an_integration_has_amazons_defaults() -> None:
    integration = http_proxy()
    assert integration.timeout.total_seconds() == 29
    assert integration.passthrough_behavior == "when_no_match"
    assert integration.connection_type == "INTERNET"
    assert not integration.insecure_skip_verification


def test_values_are_frozen() -> None:
    integration: Integration = http_proxy()
    with pytest.raises(dataclasses.FrozenInstanceError):
        integration.uri = "http://other.test/"  # type: ignore[misc]
