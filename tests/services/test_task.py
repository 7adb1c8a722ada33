from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateline.model.origin import Origin
from gateline.model.secret import Secret
from gateline.services.task import (
    CA_FILE,
    CERTIFICATE_FILE,
    PRIVATE_KEY_FILE,
    command_words,
    given_files,
    revision,
    takes_port,
    takes_socket,
    task_environment,
)
from services.fleet import SERVICE

KEY = b"key"
WITH_SECRET = replace(SERVICE, secrets=(("DB_PASSWORD", "db"),))


def given(**values: str) -> dict[str, Secret]:
    return {name: Secret(name, value.encode()) for name, value in values.items()}


def test_the_port_is_put_into_every_word_and_other_braces_are_left_alone() -> None:
    service = replace(SERVICE, command=("serve", "--listen=127.0.0.1:{port}", "{port}", "{name}", "{}"))
    assert command_words(service, port=8123) == ("serve", "--listen=127.0.0.1:8123", "8123", "{name}", "{}")
    assert (takes_port(service), takes_socket(service)) == (True, False)


def test_the_socket_is_put_in_as_a_path() -> None:
    service = replace(SERVICE, command=("serve", "--uds", "{socket}"))
    assert command_words(service, socket="/run/o/s") == ("serve", "--uds", "/run/o/s")
    assert (takes_port(service), takes_socket(service)) == (False, True)


def test_a_worker_takes_neither() -> None:
    worker = replace(SERVICE, command=("work",))
    assert (takes_port(worker), takes_socket(worker)) == (False, False)
    assert "PORT" not in task_environment(worker, {}, secrets={}, mark="m")


def test_nothing_of_the_gateways_environment_is_passed_on_but_what_everybody_may_know() -> None:
    ours = {
        "PATH": "/bin",
        "HOME": "/h",
        "LANG": "C.UTF-8",
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": "/t",
        "AWS_SECRET_ACCESS_KEY": "k",
        "AWS_PROFILE": "p",
        "GATELINE_CONTROL": "c",
        "PYTHONPATH": "x",
    }
    found = task_environment(SERVICE, ours, secrets={}, mark="house/orders/t1", port=8123)
    assert found == {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}/bin",
        "HOME": "/h",
        "LANG": "C.UTF-8",
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": "/t",
        "PORT": "8123",
        "GATELINE_TASK": "house/orders/t1",
    }


def test_what_is_declared_wins_but_for_the_mark() -> None:
    declared = (("HOME", "/theirs"), ("PORT", "1"), ("GATELINE_TASK", "hidden"))
    service = replace(WITH_SECRET, environment=declared)
    found = task_environment(service, {"HOME": "/h"}, secrets=given(db="pw", other="o"), mark="m", port=2)
    assert (found["HOME"], found["PORT"], found["GATELINE_TASK"]) == ("/theirs", "1", "m")
    assert found["DB_PASSWORD"] == "pw"
    assert "o" not in found.values()


def test_two_values_to_accept_are_the_one_that_is_sent_and_the_other() -> None:
    secrets = {"db": Secret("db", b"new", (b"new", b"old"))}
    found = task_environment(WITH_SECRET, {}, secrets=secrets, mark="m")
    assert (found["DB_PASSWORD"], found["DB_PASSWORD_PREVIOUS"]) == ("new", "old")
    assert "DB_PASSWORD_PREVIOUS" not in task_environment(WITH_SECRET, {}, secrets=given(db="pw"), mark="m")


def test_a_task_is_told_where_the_file_of_a_secret_is() -> None:
    service = replace(SERVICE, secret_files=(("PROOF_FILE", "Proof"),))
    found = task_environment(service, {}, secrets={}, mark="m", files="/run/f")
    assert found["PROOF_FILE"] == "/run/f/secret-Proof"


def test_the_path_of_the_key_set_is_put_in_where_it_is_asked_for() -> None:
    service = replace(
        SERVICE, command=("serve", "--keys={jwks_file}"), environment=(("KEYS", "{jwks_file}"), ("A", "{a}"))
    )
    assert command_words(service, files="/run/f") == ("serve", "--keys=/run/f/jwks.json")
    found = task_environment(service, {}, secrets={}, mark="m", files="/run/f")
    assert (found["KEYS"], found["A"]) == ("/run/f/jwks.json", "{a}")
    assert given_files(service) == {"jwks.json"}
    assert given_files(SERVICE) == frozenset()


def test_whoever_starts_the_process_may_put_the_mark_in() -> None:
    assert "GATELINE_TASK" not in task_environment(SERVICE, {}, secrets={}, mark="")


def test_a_missing_secret_is_not_left_out_in_silence() -> None:
    with pytest.raises(KeyError):
        task_environment(WITH_SECRET, {}, secrets={}, mark="m")


def test_a_real_process_finds_gatelines_python_its_port_and_nothing_else() -> None:
    program = "import json, os, sys; print(json.dumps([sys.argv[1], dict(os.environ), sys.executable]))"
    service = replace(SERVICE, command=(Path(sys.executable).name, "-c", program, "{port}"))
    environment = task_environment(service, {"PATH": "/usr/bin"}, secrets={}, mark="m", port=8123)
    said = subprocess.run(
        command_words(service, port=8123),
        env=environment,
        executable=sys.executable,
        capture_output=True,
        check=True,
    )
    argument, found, program_path = json.loads(said.stdout)
    found.pop("LC_CTYPE", None)  # Python's own, where there is no locale
    assert argument == "8123"
    assert found == environment
    assert Path(program_path).parent == Path(found["PATH"].split(os.pathsep)[0])


def told(**changes: Any) -> str:
    service = replace(WITH_SECRET, **changes)
    return revision(service, secrets=given(db="pw"), key=KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"command": ("orders", "{port}", "-v")},
        {"cwd": "elsewhere"},
        {"environment": (("A", "1"),)},
        {"secrets": (("DB_PASS", "db"),)},
        {"secret_files": (("DB_FILE", "db"),)},
        {"target_group": "others"},
    ],
)
def test_what_a_task_is_started_with_makes_another_revision(changes: dict[str, object]) -> None:
    assert told(**changes) != told()


@pytest.mark.parametrize(
    "changes",
    [
        {"desired_count": 7},
        {"minimum_healthy_percent": 50},
        {"maximum_percent": 150},
        {"stop_timeout": timedelta(seconds=1)},
        {"health_check_grace_period": timedelta(seconds=1)},
        {"origin": Origin(file="other.yaml", pointer=("x",))},
    ],
)
def test_how_tasks_are_counted_and_replaced_makes_none(changes: dict[str, object]) -> None:
    assert told(**changes) == told()


def test_the_order_of_variables_makes_no_other_revision() -> None:
    assert told(environment=(("A", "1"), ("B", "2"))) == told(environment=(("B", "2"), ("A", "1")))


def test_another_value_of_a_secret_makes_another_revision_but_only_of_those_that_use_it() -> None:
    def of(value: str) -> str:
        return revision(WITH_SECRET, secrets=given(db=value), key=KEY)

    assert of("pw") != of("pw2")
    unrelated = given(db="pw", other="x")
    assert revision(WITH_SECRET, secrets=unrelated, key=KEY) == of("pw")


def test_another_value_to_accept_makes_another_revision_but_not_of_those_that_read_it_from_a_file() -> None:
    both = {"db": Secret("db", b"pw", (b"new", b"pw"))}
    assert revision(WITH_SECRET, secrets=both, key=KEY) != revision(
        WITH_SECRET, secrets=given(db="pw"), key=KEY
    )
    reading = replace(SERVICE, secret_files=(("DB_FILE", "db"),))
    assert revision(reading, secrets=both, key=KEY) == revision(reading, secrets=given(db="pw"), key=KEY)


def test_nobody_without_the_key_can_try_values_against_a_revision() -> None:
    assert revision(WITH_SECRET, secrets=given(db="pw"), key=b"another") != told()


def test_what_stands_for_a_file_becomes_its_path_in_words_and_in_the_environment() -> None:
    service = replace(
        SERVICE,
        command=("serve", "--tls={certificate_file},{private_key_file}", "{ca_files}"),
        environment=(("CA", "{ca_file}"), ("OTHER", "{port}")),
    )
    assert given_files(service) == {CA_FILE, CERTIFICATE_FILE, PRIVATE_KEY_FILE}
    words = command_words(service, files="/run/f")
    assert words == ("serve", "--tls=/run/f/certificate.pem,/run/f/private_key.pem", "{ca_files}")
    found = task_environment(service, {}, secrets={}, mark="m", files="/run/f")
    assert (found["CA"], found["OTHER"]) == ("/run/f/ca.pem", "{port}")
    assert given_files(SERVICE) == frozenset()


def test_another_certificate_replaces_the_tasks_and_its_absence_changes_no_revision() -> None:
    plain = revision(SERVICE, secrets={}, key=KEY)
    first = revision(SERVICE, secrets={}, key=KEY, certificates={CA_FILE: b"a", CERTIFICATE_FILE: b"b"})
    again = revision(SERVICE, secrets={}, key=KEY, certificates={CERTIFICATE_FILE: b"b", CA_FILE: b"a"})
    swapped = revision(SERVICE, secrets={}, key=KEY, certificates={CA_FILE: b"b", CERTIFICATE_FILE: b"a"})
    assert revision(SERVICE, secrets={}, key=KEY, certificates={}) == plain
    assert first == again
    assert len({plain, first, swapped}) == 3
