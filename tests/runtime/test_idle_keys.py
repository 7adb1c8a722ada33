from __future__ import annotations

from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.runtime.idle_keys import idle_keys
from gateline.runtime.state_dir import hold_state_dir
from runtime.projects import MOCK, write_keyed_project


def test_keys_are_made_and_listed_without_values_of_the_declared_ones(tmp_path: Path) -> None:
    project = write_keyed_project(tmp_path, {"/hello": MOCK}).project
    asked = {"action": "create", "name": "bob", "plans": ["gold"], "value": None}
    [made] = idle_keys(project, None, {}, asked)["keys"]
    listed = idle_keys(project, None, {}, {"action": "list"})["keys"]
    assert [(key["name"], key["enabled"]) for key in listed] == [("acme", True), ("bob", True)]
    assert listed[1] == {key: value for key, value in made.items() if key != "value"}


def test_the_state_directory_may_be_chosen(tmp_path: Path) -> None:
    project = write_keyed_project(tmp_path, {"/hello": MOCK}).project
    asked = {"action": "create", "name": "bob", "plans": ["gold"], "value": None}
    idle_keys(project, tmp_path / "other", {}, asked)
    assert (tmp_path / "other" / "keys.json").exists()
    assert len(idle_keys(project, None, {}, {"action": "list"})["keys"]) == 1


def test_a_project_with_errors_is_not_worked_on(tmp_path: Path) -> None:
    project = write_keyed_project(tmp_path, {"/hello": MOCK}).project
    project.write_text("apis: {}")
    with pytest.raises(GatelineError, match="gateline check"):
        idle_keys(project, None, {}, {"action": "list"})


def test_a_gateway_that_has_just_started_keeps_its_directory(tmp_path: Path) -> None:
    project = write_keyed_project(tmp_path, {"/hello": MOCK}).project
    with hold_state_dir(tmp_path, None, {}), pytest.raises(GatelineError, match="already runs"):
        idle_keys(project, None, {}, {"action": "list"})
