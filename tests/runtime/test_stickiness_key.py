"""The key of stickiness in the state folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from compile.balancers import balancer, forward, group, listener, project, rule
from gateline.model.target_group import Stickiness
from gateline.runtime.state_dir import StateDir
from gateline.runtime.stickiness_key import stickiness_key

STICKY = project(
    balancer(listener(rule(None, forward(orders=1)))), groups=(group("orders", stickiness=Stickiness()),)
)


def test_a_key_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    state = StateDir(path=tmp_path, sockets=tmp_path)
    path = stickiness_key(STICKY, state)
    key = path.read_text()
    assert len(bytes.fromhex(key)) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert stickiness_key(STICKY, state).read_text() == key


def test_a_project_without_stickiness_has_none(tmp_path: Path) -> None:
    plain = replace(STICKY, target_groups=(group("orders"),))
    assert not stickiness_key(plain, StateDir(path=tmp_path, sockets=tmp_path)).exists()
