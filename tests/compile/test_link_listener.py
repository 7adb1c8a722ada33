"""The listener that nodes dial: who may come in, and as whom."""

from __future__ import annotations

import json

from gateline.compile import names
from gateline.compile.link_listener import (
    acceptor,
    enrolment_cluster,
    internal_listeners,
    link_listener,
    link_validation,
)
from gateline.compile.wire import new, to_dict
from gateline.model.tunnel import EnrolledNode

NODES = [EnrolledNode(tunnel="plant", node=f"n{n}", id=f"a{n}") for n in (1, 2)]


def listener() -> str:
    return json.dumps(to_dict(link_listener("127.0.0.1", 8443, ("plant", "lab"))))


def test_each_tunnel_is_a_chain_of_its_own_with_its_own_nodes() -> None:
    chains = to_dict(link_listener("127.0.0.1", 8443, ("plant", "lab")))["filter_chains"]
    assert isinstance(chains, list)
    texts = [json.dumps(chain) for chain in chains]
    for text, tunnel, other in zip(texts[:2], ("plant", "lab"), ("lab", "plant"), strict=True):
        assert f'"server_names": ["{tunnel}.link.gateline"]' in text
        assert names.link_validation(tunnel) in text
        assert f'"cluster_id_format": "{tunnel}"' in text
        assert other not in text


def test_nobody_comes_in_without_a_certificate_or_under_another_name_than_its_own() -> None:
    text = listener()
    assert text.count('"require_client_certificate": true') == 2
    assert text.count('"node_id_format": "%DOWNSTREAM_PEER_DNS_SAN%"') == 2
    assert text.count('"disable_stateful_session_resumption": true') == 3
    assert text.count('"disable_stateless_session_resumption": true') == 3


def test_the_nodes_that_are_enrolled_come_in() -> None:
    made = json.dumps(to_dict(link_validation("plant", NODES, b"PEM")))
    assert '{"san_type": "DNS", "matcher": {"exact": "n1.a1.plant.link.gateline"}}' in made
    assert '{"san_type": "DNS", "matcher": {"exact": "n2.a2.plant.link.gateline"}}' in made


def test_with_no_node_enrolled_nobody_comes_in_whom_the_authority_has_certified() -> None:
    made = json.dumps(to_dict(link_validation("plant", (), b"PEM")))
    assert '{"san_type": "DNS", "matcher": {"exact": "-.plant.link.gateline"}}' in made


def test_the_gateways_envoy_keeps_nodes_connections_and_has_listeners_inside() -> None:
    made = json.dumps(
        to_dict(
            new(
                "envoy.config.bootstrap.v3.Bootstrap",
                bootstrap_extensions=[acceptor(), internal_listeners()],
            )
        )
    )
    assert "UpstreamReverseConnectionSocketInterface" in made
    assert '"ping_failure_threshold": 2' in made
    assert "InternalListener" in made


def test_who_has_no_certificate_yet_reaches_controls_own_socket_and_no_tunnel() -> None:
    chains = to_dict(link_listener("127.0.0.1", 8443, ("plant",)))["filter_chains"]
    assert isinstance(chains, list)
    asked = [chain for chain in chains if "reverse_tunnel" not in json.dumps(chain)]
    assert [chain["filter_chain_match"] for chain in asked] == [{"server_names": ["enroll.gateline"]}]
    assert f'"cluster": "{names.LINK_ENROLMENT}"' in json.dumps(asked)
    assert '{"pipe": {"path": "/s/enroll.sock"}}' in json.dumps(to_dict(enrolment_cluster("/s/enroll.sock")))
