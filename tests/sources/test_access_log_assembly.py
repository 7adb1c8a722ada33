"""Where a balancer's access log is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .balancers import errors_of, gateway_of, http, listening
from .conftest import LoadProject

PUBLIC: dict[str, Any] = {"scheme": "internet-facing"}


def logged(path: str, **balancer: object) -> str:
    return listening(http(), balancer={**PUBLIC, **balancer, "access_logs": {"path": path}})


def test_the_path_is_relative_to_the_project(load_project: LoadProject) -> None:
    made = gateway_of(load_project, logged("public.log")).load_balancers[0].access_log
    assert Path(made).is_absolute()
    assert Path(made).name == "public.log"


@pytest.mark.parametrize(
    ("path", "balancer", "told"),
    [
        ("logs/public.log", {}, "the folder of "),
        (".", {}, "it is a folder"),
        ("-", {}, "an access log is a file"),
        ("a.log", {"scheme": "internal"}, "an internal balancer has no clients of its own"),
    ],
)
def test_what_cannot_be_written_is_refused(
    load_project: LoadProject, path: str, balancer: dict[str, Any], told: str
) -> None:
    [error] = errors_of(load_project, logged(path, **balancer))
    assert error.startswith("GL259 /load_balancers/b/access_logs/path: no access log can be written: ")
    assert told in error


def test_a_network_balancer_has_none(load_project: LoadProject) -> None:
    tcp = {"protocol": "TCP", "port": 80, "default_actions": [{"type": "forward", "target_group": "t"}]}
    text = listening(
        tcp,
        balancer={**PUBLIC, "type": "network", "access_logs": {"path": "a.log"}},
        target_groups={"t": {"protocol": "TCP", "targets": ["10.0.3.7:9000"]}},
    )
    [error] = errors_of(load_project, text)
    assert "a network balancer sees connections" in error


def test_a_log_without_a_path_is_incomplete(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, listening(http(), balancer={**PUBLIC, "access_logs": {}}))
    assert error.startswith("GL203 /load_balancers/b/access_logs")
