from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gateline.cli.render import as_json, counted, number, page, placed, render_report, visible
from gateline.model import codes
from gateline.model.diagnostic import Code, Complaints, Report
from gateline.model.origin import Origin, Position

REPOSITORY = Path(__file__).parents[2]


def locate(origin: Origin) -> Position:
    return origin.position or Position(1, 1)


def report(*places: tuple[str, int, int]) -> Report:
    complaints = Complaints()
    for file, line, column in places:
        origin = Origin(file, ("a", "b/c"), Position(line, column))
        complaints.add(codes.UNKNOWN_KEY, origin, f"at {file}:{line}:{column}", help="do something")
    return complaints.report()


def rendered(shown: Report, text: str | None = None, *, color: bool = False, no_color: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=color, no_color=no_color, highlight=False, markup=False, width=40
    )
    render_report(shown, locate, console, (lambda _: text) if text is not None else None)
    return file.getvalue()


def test_diagnostics_of_a_file_stand_together_in_the_order_of_its_lines() -> None:
    shown = report(("b", 9, 1), ("a", 5, 1), ("b", 2, 7), ("b", 2, 3))
    assert [
        (p.diagnostic.origin.file, p.position.line, p.position.column) for p in placed(shown, locate)
    ] == [
        ("b", 2, 3),
        ("b", 2, 7),
        ("b", 9, 1),
        ("a", 5, 1),
    ]


def test_a_diagnostic_shows_its_line_and_points_at_the_column() -> None:
    assert rendered(report(("f.yaml", 2, 3)), "one\n  two: 2\nthree") == (
        "error[GL201]: at f.yaml:2:3\n"
        " --> f.yaml:2:3\n"
        "  |\n"
        "2 |   two: 2\n"
        "  |   ^\n"
        "  = help: do something\n"
        "  = see docs/reference/diagnostics/GL201.md\n"
        "\n"
    )


def test_lines_are_never_broken_so_that_grep_finds_them() -> None:
    complaints = Complaints()
    complaints.add(codes.UNKNOWN_KEY, Origin("f.yaml"), "word " * 40)
    assert ("word " * 40).strip() in rendered(complaints.report(), "x")


def test_the_caret_stands_under_wide_characters_and_tabs() -> None:
    lines = rendered(report(("f", 1, 4)), "漢\t字x").splitlines()
    assert lines[3] == "1 | 漢 字x"
    assert lines[4] == "  |      ^"


def test_a_long_line_is_cut_around_the_column() -> None:
    lines = rendered(report(("f", 1, 5001)), "a" * 5000 + "X" + "b" * 5000).splitlines()
    assert lines[3].startswith("1 | …aaa")
    assert lines[3].endswith("bbb…")
    assert len(lines[3]) < 200
    assert lines[3][lines[4].index("^")] == "X"


@pytest.mark.parametrize("line", [0, 7])
def test_a_place_outside_of_the_text_has_no_excerpt(line: int) -> None:
    assert "|" not in rendered(report(("f", line, 1)), "only\n")


def test_lines_end_where_positions_say_they_do() -> None:
    assert "2 | second" in rendered(report(("f", 2, 1)), "fir\u2028st\r\nsecond\r\n")


def test_a_place_under_secrets_is_not_quoted() -> None:
    complaints = Complaints()
    complaints.add(codes.WRONG_TYPE, Origin("f", ("secrets", "Token"), Position(1, 10)), "no map")
    assert "hunter2" not in rendered(complaints.report(), "  Token: hunter2")


@pytest.mark.parametrize(
    ("pointer", "line", "quoted"),
    [
        (("functions", "f", "environment", "KEY"), "      KEY: hunter2", False),
        (("functions", "f", "timeout"), "  f: {environment: {KEY: hunter2}, timeout: 0}", False),
        (("functions", "f", "timeout"), "    timeout: 0", True),
        (("services", "s", "environment", "KEY"), "      KEY: hunter2", False),
        (("load_balancers", "b", "listeners", "0", "client_secret"), "  client_secret: hunter2", False),
        (("load_balancers", "b", "listeners", "0", "issuer"), "{issuer: x, clientSecret: hunter2}", False),
        (("load_balancers", "b", "listeners", "0", "port"), "  port: 0", True),
    ],
)
def test_a_place_that_may_be_of_a_secret_or_an_environment_is_not_quoted(
    pointer: tuple[str, ...], line: str, *, quoted: bool
) -> None:
    complaints = Complaints()
    complaints.add(codes.WRONG_TYPE, Origin("f", pointer, Position(1, 5)), "no")
    assert (line.strip() in rendered(complaints.report(), line)) is quoted


def test_a_file_that_nobody_remembers_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("from the disk\n")
    assert "1 | from the disk" in rendered(report((str(file), 1, 1)))
    file.unlink()
    assert " |" not in rendered(report((str(file), 1, 1)))


def test_control_and_direction_characters_are_spelled_out() -> None:
    assert visible("a\x1b[31m\x07\u202eb\u200bé漢") == "a\\u001b[31m\\u0007\\u202eb\\u200bé漢"
    shown = rendered(report(("f\x1b]0;x\x07", 1, 1)), "\x1b[2J")
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_square_brackets_are_no_markup() -> None:
    complaints = Complaints()
    complaints.add(codes.UNKNOWN_KEY, Origin("f"), "[bold]x[/bold] :smile:")
    assert "[bold]x[/bold] :smile:" in rendered(complaints.report(), "")


def test_a_terminal_sees_colours_unless_it_wants_none() -> None:
    assert "\x1b[" in rendered(report(("f", 1, 1)), "x", color=True)
    assert "\x1b[3" not in rendered(report(("f", 1, 1)), "x", color=True, no_color=True)


def test_counts_have_their_plural() -> None:
    assert number(1, "route") == "1 route"
    assert counted(report(("f", 1, 1))) == "1 error, 0 warnings"
    assert counted(Report()) == "0 errors, 0 warnings"


def test_programs_get_the_designed_form() -> None:
    assert as_json(report(("f", 2, 3)), locate) == {
        "errors": 1,
        "warnings": 0,
        "diagnostics": [
            {
                "code": "GL201",
                "severity": "error",
                "file": "f",
                "line": 2,
                "column": 3,
                "pointer": "/a/b~1c",
                "message": "at f:2:3",
                "help": "do something",
            }
        ],
    }


@pytest.mark.parametrize(
    "code",
    [code for code in vars(codes).values() if isinstance(code, Code) and "GL200" < code.name < "GL280"],
    ids=lambda code: str(code.name),
)
def test_every_complaint_of_the_project_file_has_a_page(code: Code) -> None:
    text = (REPOSITORY / page(code.name)).read_text()
    assert text.startswith(f"# {code.name}: {code.title}\n\n*{code.severity.value.capitalize()}.* ")
