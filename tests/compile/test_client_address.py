"""What a listener reads clients' addresses from."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.compile.client_address import (
    appended,
    connection_filters,
    detection,
    filter_chains,
    from_trusted,
    listener_filters,
    request_filters,
)
from gateline.compile.wire import to_dict
from gateline.model.client_address import PEER_ITSELF, ClientAddress

PROXY = ClientAddress(proxy_protocol=True)
TRUSTING = ClientAddress(trusted_proxies=("10.0.0.0/8", "2001:db8::7/128"))
BOTH = ClientAddress(proxy_protocol=True, trusted_proxies=("10.0.0.0/8",))
TEN = [{"address_prefix": "10.0.0.0", "prefix_len": {"value": 8}}]


def chains(address: ClientAddress) -> list[dict[str, object]]:
    return filter_chains(address, lambda believes: {"believes": believes})


def kept(address: ClientAddress, *, believes: bool = False, with_port: bool = False) -> dict[str, str]:
    """What the filters keep, by its key."""
    made: list[Any] = connection_filters(address, judged=True, believes=believes, with_port=with_port)
    configs = [to_dict(each["typed_config"]) for each in made]
    return {
        value["object_key"]: value["format_string"]["text_format_source"]["inline_string"]
        for config in configs
        for value in _list(config["on_new_connection"])
    }


def _list(value: Any) -> list[Any]:
    return list(value)


def test_who_believes_nobody_has_one_chain_and_reads_no_header() -> None:
    assert chains(PEER_ITSELF) == [{"believes": False}]
    assert listener_filters(PEER_ITSELF) == []
    assert request_filters(believes=False) == []
    assert detection(PEER_ITSELF, believes=False)["use_remote_address"] == {"value": True}
    assert appended(PEER_ITSELF) == "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
    assert appended(PEER_ITSELF, with_port=True) == "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"


def test_trusted_hops_are_counted_only_where_nobody_is_named() -> None:
    assert detection(PEER_ITSELF, believes=False, trusted_hops=2)["xff_num_trusted_hops"] == 2
    assert "xff_num_trusted_hops" not in detection(TRUSTING, believes=True, trusted_hops=2)


def test_only_trusted_peers_meet_the_chain_that_believes() -> None:
    trusting, others = chains(TRUSTING)
    addresses = [*TEN, {"address_prefix": "2001:db8::7", "prefix_len": {"value": 128}}]
    assert trusting == {"believes": True, "filter_chain_match": {"source_prefix_ranges": addresses}}
    assert others == {"believes": False}


def test_with_proxy_headers_everybody_else_meets_no_chain_at_all() -> None:
    trusting, others = chains(BOTH)
    peers = {"direct_source_prefix_ranges": TEN}
    assert trusting["filter_chain_match"] == {**peers, "source_prefix_ranges": TEN}
    assert others["filter_chain_match"] == peers
    assert from_trusted(BOTH) == peers
    assert from_trusted(PROXY) == from_trusted(TRUSTING) == {}


@pytest.mark.parametrize(
    ("address", "believes", "expected"),
    [
        (PEER_ITSELF, False, {"gl.peer"}),
        (PROXY, False, {"gl.peer", "gl.hop"}),
        (TRUSTING, False, {"gl.peer"}),
        (TRUSTING, True, set()),  # each request has a client of its own
        (BOTH, True, {"gl.hop"}),
    ],
)
def test_what_a_connection_keeps(address: ClientAddress, *, believes: bool, expected: set[str]) -> None:
    assert set(kept(address, believes=believes)) == expected


def test_the_hop_has_its_port_where_that_is_asked_for() -> None:
    assert kept(PROXY)["gl.hop"] == "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
    assert kept(PROXY, with_port=True)["gl.hop"] == "%DOWNSTREAM_REMOTE_ADDRESS%"
    assert appended(PROXY) == appended(BOTH, with_port=True) == "%FILTER_STATE(gl.hop:PLAIN)%"


def test_nothing_is_kept_that_nobody_asks_for() -> None:
    assert connection_filters(PEER_ITSELF, judged=False, believes=False) == []
