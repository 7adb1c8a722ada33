"""Networks of proxies in front, as the project file names them."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


def _network(value: str) -> str:
    """An address or a network in its usual spelling. Everybody is no proxy: each client could write its address."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        network = None
    mapped = isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None
    if network is None or mapped or network.prefixlen == 0:
        says = "an address or a network of proxies, such as 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32, and not everybody"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return str(network)


ProxyNetwork = Annotated[str, AfterValidator(_network)]
