"""The project file's words about tunnels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateline.sources.project_target_group import TargetGroupPart
from gateline.sources.project_tunnel import LinksPart, split_tunnel


def test_a_target_in_a_tunnel_has_a_tunnel_a_host_and_a_port() -> None:
    assert split_tunnel("tunnel:plant/db:5432") == ("plant", "db", 5432)
    assert split_tunnel("tunnel:plant/Orders.internal:80") == ("plant", "orders.internal", 80)


@pytest.mark.parametrize(
    "text",
    ["plant/db:5432", "tunnel:plant", "tunnel:plant/db", "tunnel:/db:1", "tunnel:a b/db:1", "tunnel:A/d:1"],
)
def test_anything_else_is_none(text: str) -> None:
    assert split_tunnel(text) is None
    with pytest.raises(ValidationError):
        TargetGroupPart.model_validate({"targets": (text,)})


def test_a_group_takes_addresses_and_targets_in_tunnels() -> None:
    targets = ("10.0.0.1:80", "tunnel:plant/db:5432")
    assert TargetGroupPart.model_validate({"targets": targets}).addresses == targets


def test_nodes_dial_in_on_this_machine_alone_until_the_project_says_otherwise() -> None:
    assert LinksPart().address == "127.0.0.1"
