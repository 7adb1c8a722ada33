"""The names of tunnels and nodes."""

from __future__ import annotations

from gateline.model.tunnel import EnrolledNode, tunnel_name


def test_a_nodes_name_is_below_its_tunnels_and_another_one_with_each_enrolment() -> None:
    once = EnrolledNode(tunnel="plant", node="n1", id="a1")
    again = EnrolledNode(tunnel="plant", node="n1", id="b2")
    assert once.dns_name == "n1.a1.plant.link.gateline"
    assert once.dns_name.endswith(f".{tunnel_name('plant')}")
    assert once.dns_name != again.dns_name
