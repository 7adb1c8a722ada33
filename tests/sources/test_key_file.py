from __future__ import annotations

import pytest

from gateline.model.diagnostic import Complaints
from gateline.sources.key_file import KEY_FILE, LONGEST_FILE, KeyRow, key_value_fault, read_key_file

VALUE = "kJx4Qm8Zt2Vw6Rb9Ln3P"
OTHER = "Zt2Vw6Rb9Ln3PkJx4Qm8"


def read(text: str | bytes) -> tuple[tuple[KeyRow, ...], list[str]]:
    complaints = Complaints()
    raw = text if isinstance(text, bytes) else text.encode()
    rows = read_key_file(raw, "keys.csv", ("gold", "silver"), complaints)
    told = [
        f"{d.origin.position.line}: {d.message}" for d in complaints.report().diagnostics if d.origin.position
    ]
    assert all(d.code.name == "GL241" for d in complaints.report().diagnostics)
    assert all(value not in str(complaints.report()) for value in (VALUE, OTHER))
    return rows, told


def test_amazons_form_is_read() -> None:
    rows, told = read(
        "Name,key,description,Enabled,usageplanIds\r\n"
        f'acme,{VALUE},"An imported key, of Acme",TRUE,gold\r\n'
        "\r\n"
        f'umbrella,{OTHER},,false,"gold, silver"\r\n'
    )
    assert told == []
    assert [(row.name, row.value, row.enabled, row.plans) for row in rows] == [
        ("acme", VALUE, True, ("gold",)),
        ("umbrella", OTHER, False, ("gold", "silver")),
    ]
    assert [row.origin.position and row.origin.position.line for row in rows] == [2, 4]
    assert rows[0].origin.pointer == KEY_FILE


def test_columns_have_any_order_and_case_and_only_two_are_needed() -> None:
    rows, told = read(f"\ufeffKEY, NAME\n{VALUE},acme\n".encode())
    assert told == []
    assert [(row.name, row.value, row.enabled, row.plans) for row in rows] == [("acme", VALUE, True, ())]


def test_a_row_does_not_print_its_value() -> None:
    [row], _ = read(f"name,key\nacme,{VALUE}\n")
    assert VALUE not in repr(row)


def test_quoted_fields_may_go_over_lines_and_lines_are_counted() -> None:
    rows, told = read(f'name,key,description\nacme,{VALUE},"two\nlines"\nb,short,\n')
    assert [row.name for row in rows] == ["acme"]
    assert told == ["4: the key's value cannot be used: it has not 20 to 128 characters"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: it is empty; its first line must name its columns, name and key among them"),
        ("name,value\n", "1: column 2 has a name that is not known"),
        (f"acme,{VALUE}\n", "1: column 1 has a name that is not known"),
        ("name,description\n", "1: there must be one column 'key'"),
        ("key,key,name\n", "1: there must be one column 'key'"),
        ("name,key,enabled,Enabled\n", "1: two columns have the same name"),
        (f"name,key\nacme,{VALUE},TRUE\n", "2: the row has 3 fields, and the first line 2"),
        (f"name,key\n,{VALUE}\n", "2: the name is not 1 to 256 characters that can be shown"),
        (f"name,key\n{VALUE},acme\n", "2: the key's value cannot be used: it has not 20 to 128 characters"),
        (f"name,key,enabled\nacme,{VALUE},yes\n", "2: Enabled is neither true nor false"),
        (
            f"name,key,usageplanids\nacme,{VALUE},golden\n",
            "2: usageplanIds names a usage plan that is not declared",
        ),
        (
            f'name,key\nacme,"{VALUE}\n',
            "2: the row is no CSV: a quote is not closed, or text stands behind one",
        ),
        (b"name,key\nacme,\xff\n", "2: it is not UTF-8 text"),
        (b"n" * (LONGEST_FILE + 1), "1: it is larger than 8 MB"),
    ],
)
def test_faults_are_told_with_their_line_and_without_values(text: str | bytes, told: str) -> None:
    assert read(text) == ((), [told])


@pytest.mark.parametrize("value", ["a" * 20, "a" * 128, "!~" * 10])
def test_values_have_20_to_128_characters(value: str) -> None:
    assert key_value_fault(value) == ""


@pytest.mark.parametrize("value", ["", "a" * 19, "a" * 129, "a" * 20 + " b", "a" * 20 + "é", "a" * 20 + "\t"])
def test_other_values_are_none_of_a_key(value: str) -> None:
    assert key_value_fault(value)
