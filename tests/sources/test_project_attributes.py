"""Values of attributes, as the project file writes them."""

from __future__ import annotations

import pytest

from .balancers import errors_of, gateway_of, http, listening
from .conftest import LoadProject

PUBLIC = {"scheme": "internet-facing"}


@pytest.mark.parametrize("written", ["false", False, "${env:OFF}"])
def test_flags_may_be_written_as_amazon_does_or_as_yaml_does(
    load_project: LoadProject, written: object
) -> None:
    text = listening(http(), balancer={**PUBLIC, "attributes": {"routing.http2.enabled": written}})
    loaded = load_project(text, environ={"OFF": "false"})
    assert loaded.gateway is not None
    assert loaded.gateway.load_balancers[0].attributes.http2 is False


@pytest.mark.parametrize("written", [90, "90"])
def test_numbers_may_be_written_as_amazon_does_or_as_yaml_does(
    load_project: LoadProject, written: object
) -> None:
    text = listening(http(), balancer={**PUBLIC, "attributes": {"idle_timeout.timeout_seconds": written}})
    idle = gateway_of(load_project, text).load_balancers[0].attributes.idle_timeout
    assert idle.total_seconds() == 90


def test_a_list_is_no_value(load_project: LoadProject) -> None:
    text = listening(http(), balancer={**PUBLIC, "attributes": {"routing.http2.enabled": [True]}})
    [error] = errors_of(load_project, text)
    assert error.startswith("GL204 ")
