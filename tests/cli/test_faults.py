from __future__ import annotations

import pytest

from gateline.cli.faults import Fault, told
from gateline.errors import AddressInUse, FileUnreadable


@pytest.fixture(autouse=True)
def no_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATELINE_DEBUG", raising=False)


def raised() -> ValueError:
    """An error as it is caught, with its traceback."""
    with pytest.raises(ValueError, match="hunter2") as caught:
        raise ValueError("hunter2")
    return caught.value


def test_a_fault_of_the_users_is_its_message_and_its_exit_code() -> None:
    assert told(AddressInUse("it is taken")) == Fault("it is taken", 1)
    assert told(FileUnreadable("it is missing")) == Fault("it is missing", 2)


def test_a_fault_of_ours_is_its_place_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    fault = told(raised())
    assert fault.exit_code == 1
    assert fault.message.startswith("internal error: ValueError at test_faults.py:")
    assert "hunter2" not in fault.message
    assert capsys.readouterr().err == ""


def test_an_error_without_a_place_is_its_kind() -> None:
    assert told(ValueError("hunter2")).message.startswith("internal error: ValueError. ")


def test_debugging_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELINE_DEBUG", "1")
    told(raised())
    assert "hunter2" in capsys.readouterr().err
