from __future__ import annotations

from pathlib import Path

from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.gateway import SelfSigned, TlsFiles
from gateline.model.origin import Origin
from gateline.sources.circumstances import Circumstances
from gateline.sources.environment import fill
from gateline.sources.project_part import TlsPart
from gateline.sources.reader import Reader
from gateline.sources.tree import grow
from gateline.sources.validation import Validated
from gateline.sources.workbench import Workbench

ORIGIN = Origin("gateline.yaml")


def bench(tmp_path: Path, *, checking: bool = False) -> Workbench:
    tree = grow({"tls": {"certificate": "a.pem", "private_key": "${env:KEY}"}, "name": "n"}, ORIGIN)
    complaints = Complaints()
    environ = {"KEY": "from-the-environment"}
    filled, _ = fill(tree, environ, complaints)
    reader = Reader(tmp_path / "gateline.yaml", complaints)
    circumstances = Circumstances(environ=environ, checking=checking, bare=False)
    return Workbench(filled, Validated(None, frozenset()), reader, circumstances, complaints)


def test_a_complaint_stands_at_its_value(tmp_path: Path) -> None:
    work = bench(tmp_path)
    work.complain(codes.NAME_TAKEN, ("tls", "certificate"), "no", advice="yes")
    (said,) = work.complaints.report().diagnostics
    assert (said.origin, said.message, said.help) == (ORIGIN.child("tls", "certificate"), "no", "yes")


def test_what_the_environment_holds_is_shown_as_it_was_written(tmp_path: Path) -> None:
    work = bench(tmp_path)
    assert work.shown(("tls", "private_key"), "from-the-environment") == "${env:KEY}"
    assert work.shown(("name",), "n") == "n"


def test_files_become_absolute_and_are_watched_also_when_they_are_missing(tmp_path: Path) -> None:
    (tmp_path / "a.pem").touch()
    for checking, severity in ((True, Severity.WARNING), (False, Severity.ERROR)):
        work = bench(tmp_path, checking=checking)
        part = TlsPart(certificate="a.pem", private_key="none.key")
        assert work.tls(("tls",), part) == TlsFiles(
            certificate=str(tmp_path / "a.pem"),
            private_key=str(tmp_path / "none.key"),
            origin=ORIGIN.child("tls"),
        )
        assert work.reader.files == {tmp_path / "a.pem", tmp_path / "none.key"}
        (said,) = work.complaints.report().diagnostics
        assert (said.code, said.severity) == (codes.FILE_NOT_READABLE, severity)
        assert said.message.startswith("tls.private_key names ")


def test_a_certificate_is_made_when_that_is_asked_for(tmp_path: Path) -> None:
    work = bench(tmp_path)
    assert work.tls(("tls",), TlsPart(self_signed=True)) == SelfSigned(origin=ORIGIN.child("tls"))
    assert work.tls(("tls",), TlsPart()) is None
    assert work.tls(("tls",), None) is None
