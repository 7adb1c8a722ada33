"""Networks of proxies, as the project file names them."""

from __future__ import annotations

import pytest

from .balancers import errors_of, gateway_of, project
from .conftest import LoadProject


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.7", "10.0.0.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
    ],
)
def test_an_address_is_a_network_of_one(load_project: LoadProject, written: str, network: str) -> None:
    gateway = gateway_of(load_project, project(gateway={"trusted_proxies": [written]}))
    assert gateway.edge.client_address.trusted_proxies == (network,)


@pytest.mark.parametrize(
    "written", ["0.0.0.0/0", "::/0", "10.0.0.7/8", "10.0.0", "proxy.internal", "::ffff:10.0.0.7", ""]
)
def test_everybody_is_no_proxy_nor_is_what_is_no_network(load_project: LoadProject, written: str) -> None:
    [error] = errors_of(load_project, project(gateway={"trusted_proxies": [written]}))
    assert error.startswith("GL205 /gateway/trusted_proxies/0: ")
