"""stickiness.lua: cookies in every form, their ends, and what happens when something is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane
from gateline.compile.stickiness import CHOICE_HEADER, GROUP_HEADER, SERVED_HEADER, TARGET_HEADER
from gateline.compile.table import Table, table_id

HOST = "127.0.0.1:8000"
ENCODED = "MTI3LjAuMC4xOjgwMDA="
LB = ("g", "targets/g", "lb_cookie", 60, "", 0)
APP = ("g", "targets/g", "app_cookie", 60, "SID", 0)


def context(*groups: tuple[object, ...], choice: int = 0) -> dict[str, str]:
    table = Table()
    table.put(choice, len(groups))
    for group in groups:
        table.put(*(str(each) for each in group))
    return {"id": table_id(table.text), "table": table.text}


@pytest.fixture
def script(tmp_path: Path) -> LoneScript:
    (tmp_path / "key").write_text("0f" * 32)
    return LoneScript(dataplane.stickiness_script(str(tmp_path / "key")))


def cookies(ran: Ran) -> dict[str, str]:
    """What is set, by name, with attributes; the application's own are left out."""
    pairs = [value.partition("=") for name, value in ran.headers if name == "set-cookie"]
    return {name: rest for name, _, rest in pairs if name.startswith("AWSALB")}


def served(
    script: LoneScript, told: Mapping[str, str], *more: tuple[str, str], cluster: str = "targets/g"
) -> dict[str, str]:
    """The cookies of an answer of HOST's."""
    return cookies(script.answer((GROUP_HEADER, cluster), (SERVED_HEADER, HOST), *more, context=told))


def value(rest: str) -> str:
    return rest.partition(";")[0]


def led(script: LoneScript, told: Mapping[str, str], cookie: str) -> str | None:
    """Where a request with this Cookie header is to go."""
    ran = script.request("/", ("cookie", cookie), context=told)
    assert not ran.hooked
    return ran.header(TARGET_HEADER)


def test_both_cookies_hold_the_same_value_and_say_when_it_ends(script: LoneScript) -> None:
    found = served(script, context(LB))
    assert value(found["AWSALB"]) == value(found["AWSALBCORS"])
    ends = found["AWSALB"].split("Expires=")[1].split(";")[0]
    left = datetime.strptime(ends, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_the_key_is_read_from_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b'"\xff\n')
    folder.mkdir()
    (folder / "key").write_text("0f" * 32)
    script = LoneScript(dataplane.stickiness_script(str(folder / "key")))
    assert "AWSALB" in served(script, context(LB))


@pytest.mark.parametrize(
    "form",
    [
        "AWSALB={}",
        "a=b; AWSALB={}; c=d",
        "AWSALB=;AWSALB={}",
        "XAWSALB=1; AWSALB={}",
        "AWSALBCORS={}",
        "AWSALB=no; AWSALBCORS={}",
    ],
)
def test_the_cookie_is_found_wherever_it_stands(script: LoneScript, form: str) -> None:
    told = context(LB)
    sent = form.format(value(served(script, told)["AWSALB"]))
    assert led(script, told, sent) == (None if form.startswith("AWSALB=;") else ENCODED)


@pytest.mark.parametrize(
    "form", ["XAWSALB={}", "awsalb={}", "AWSALB2={}", 'AWSALB="{}"', "AWSALB=%30{}", "AWSALB={} "]
)
def test_other_forms_mean_nothing(script: LoneScript, form: str) -> None:
    told = context(LB)
    assert led(script, told, form.format(value(served(script, told)["AWSALB"]))) is None


def test_a_long_header_of_lookalikes_ends_after_some_looks(script: LoneScript) -> None:
    told = context(LB)
    good = value(served(script, told)["AWSALB"])
    assert led(script, told, "xAWSALB=1; " * 60 + f"AWSALB={good}") == ENCODED
    assert led(script, told, "xAWSALB=1; " * 5000 + f"AWSALB={good}") is None


def test_a_cookie_of_another_group_or_another_key_means_nothing(script: LoneScript, tmp_path: Path) -> None:
    told, other = context(LB), context(("h", "targets/h", "lb_cookie", 60, "", 0))
    good = value(served(script, told)["AWSALB"])
    assert led(script, other, f"AWSALB={good}") is None
    (tmp_path / "other").write_text("1f" * 32)
    stranger = LoneScript(dataplane.stickiness_script(str(tmp_path / "other")))
    assert led(stranger, told, f"AWSALB={good}") is None


def test_a_kept_cookie_does_not_outlive_its_duration(script: LoneScript) -> None:
    told = context(("g", "targets/g", "lb_cookie", 1, "", 0))
    good = value(served(script, told)["AWSALB"])
    limit = time.monotonic() + 10
    while led(script, told, f"AWSALB={good}") is not None:
        assert time.monotonic() < limit


def test_a_group_is_chosen_by_the_number_at_which_its_share_begins(script: LoneScript) -> None:
    told = context(
        ("blue", "targets/blue", "", 0, "", 0), ("green", "targets/green", "lb_cookie", 60, "", 7), choice=60
    )
    found = served(script, told, cluster="targets/green")
    assert found.keys() == {"AWSALBTG", "AWSALBTGCORS", "AWSALB", "AWSALBCORS"}
    ran = script.request(
        "/",
        ("cookie", f"AWSALBTGCORS={value(found['AWSALBTGCORS'])}; AWSALB={value(found['AWSALB'])}"),
        context=told,
    )
    assert ran.header(CHOICE_HEADER) == "7"
    assert ran.header(TARGET_HEADER) == ENCODED
    assert ran.clears == 1
    alone = context(("blue", "targets/blue", "", 0, "", 0), choice=60)
    gone = script.request("/", ("cookie", f"AWSALBTG={value(found['AWSALBTG'])}"), context=alone)
    assert gone.header(CHOICE_HEADER) is None
    assert gone.clears == 0


@pytest.mark.parametrize(
    ("cookie", "seconds"),
    [
        ("SID=1", 60),
        ("SID=1; Path=/; HttpOnly", 60),
        ("SID=1; Max-Age=20", 20),
        ("SID=1; max-age=900", 60),
        ("SID=1; Max-Age=0", 0),
        ("SID=1; Max-Age=-5; Expires=Wed, 21 Oct 2099 07:28:00 GMT", 0),
        ("SID=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("SID=1; Expires=Wed, 21-Oct-2099 07:28:00 GMT", 60),
        ("SID=1; Expires=tomorrow", 60),
        ("SID2=1", None),
        ("OTHER=SID=1", None),
    ],
)
def test_an_applications_cookie_says_how_long(script: LoneScript, cookie: str, seconds: int | None) -> None:
    found = served(script, context(APP), ("set-cookie", "A=1"), ("set-cookie", cookie))
    if seconds is None:
        assert not found
    elif seconds == 0:
        assert found["AWSALBAPP-0"].startswith("_remove_; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    else:
        ends = found["AWSALBAPP-0"].split("Expires=")[1].split(";")[0]
        left = datetime.strptime(ends, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) - datetime.now(UTC)
        assert timedelta(seconds=seconds - 10) < left <= timedelta(seconds=seconds)


def test_dates_are_read_as_python_reads_them(script: LoneScript) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    cookie = f"SID=1; Expires={format_datetime(soon, usegmt=True)}"
    found = served(script, context(APP), ("set-cookie", cookie))
    assert format_datetime(soon, usegmt=True) in found["AWSALBAPP-0"]


def test_the_headers_of_ours_never_go_on(script: LoneScript) -> None:
    told = context(LB)
    forged = script.request("/", (TARGET_HEADER, "eA=="), (CHOICE_HEADER, "1"), context=told)
    assert forged.header(TARGET_HEADER) is None
    assert forged.header(CHOICE_HEADER) is None
    ran = script.answer((GROUP_HEADER, "c"), (SERVED_HEADER, HOST), (TARGET_HEADER, "eA=="), context=told)
    assert not [name for name, _ in ran.headers if name.startswith("x-gl")]


def test_an_answer_that_no_target_gave_sets_nothing(script: LoneScript) -> None:
    assert not cookies(script.answer(("content-type", "text/html"), context=context(LB)))


def test_without_a_key_nothing_is_sticky_and_nothing_fails(tmp_path: Path) -> None:
    script = LoneScript(dataplane.stickiness_script(str(tmp_path / "absent")))
    ran = script.answer((GROUP_HEADER, "targets/g"), (SERVED_HEADER, HOST), context=context(LB))
    assert not cookies(ran)
    assert not [name for name, _ in ran.headers if name.startswith("x-gl")]
    assert "key" in ran.logged[0]
    assert (
        script.request("/", ("cookie", f"AWSALB={'ab' * 40}"), context=context(LB)).header(TARGET_HEADER)
        is None
    )


def test_a_flood_of_made_up_values_is_looked_at_so_often_only(script: LoneScript) -> None:
    told = context(LB)
    good = value(served(script, told)["AWSALB"])
    assert led(script, told, f"AWSALB={good}") == ENCODED
    for number in range(2500):
        assert led(script, told, f"AWSALB={number:080x}") is None
    assert led(script, told, f"AWSALB={good}") == ENCODED


def test_no_flood_of_made_up_values_drives_out_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0f" * 32)
    text = dataplane.stickiness_script(str(tmp_path / "key"))
    assert "SEALS_KEPT = 2000" in text
    assert "OPENED_A_SECOND = 500" in text
    small = text.replace("SEALS_KEPT = 2000", "SEALS_KEPT = 20").replace("A_SECOND = 500", "A_SECOND = 30")
    script, told = LoneScript(small), context(LB)
    good = value(served(script, told)["AWSALB"])
    assert led(script, told, f"AWSALB={good}") == ENCODED
    for number in range(60):  # more than are remembered, and than are opened in this second
        assert led(script, told, f"AWSALB={number:080x}") is None
    assert led(script, told, f"AWSALB={good}") == ENCODED


def test_made_up_values_take_no_more_memory_in_many_groups(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0f" * 32)
    text = dataplane.stickiness_script(str(tmp_path / "key"))
    script = LoneScript(text.replace("STRANGERS_KEPT = 8000", "STRANGERS_KEPT = 40"))
    groups = [context((f"g{each}", f"targets/g{each}", "lb_cookie", 60, "", 0)) for each in range(8)]
    for told in groups:
        led(script, told, "AWSALB=00")
    before = script.kilobytes
    for number in range(400):
        assert led(script, groups[number % 8], f"AWSALB={number:0512x}") is None
    assert script.kilobytes - before < 50


def test_many_targets_do_not_grow_what_is_remembered_for_ever(script: LoneScript) -> None:
    told = context(LB)
    for number in range(4200):
        script.answer((GROUP_HEADER, "targets/g"), (SERVED_HEADER, f"10.0.0.1:{number}"), context=told)
    assert led(script, told, f"AWSALB={value(served(script, told)['AWSALB'])}") == ENCODED
