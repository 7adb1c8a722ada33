"""The link's own file: nothing is reachable that it does not name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.compile.link_node import Export
from gateline.errors import FileUnreadable
from gateline.link.exports import read_exports


def written(folder: Path, text: str) -> Path:
    path = folder / "link.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_kind_of_export_is_asked_for_by_its_name_and_port(tmp_path: Path) -> None:
    text = """
tunnel: plant
exports:
  orders: http://127.0.0.1:9000
  secure: https://10.0.0.9
  db: tcp://db.internal:5432
  "cache:6379": tcp://[::1]:7000
  "mail:25": unix:/run/mail.sock
  Web: unix:/run/web.sock
"""
    said = read_exports(written(tmp_path, text))
    assert said.tunnel == "plant"
    assert said.exports == (
        Export(name="orders:80", host="127.0.0.1", port=9000),
        Export(name="secure:443", host="10.0.0.9", port=443),
        Export(name="db:5432", host="db.internal", port=5432),
        Export(name="cache:6379", host="::1", port=7000),
        Export(name="mail:25", socket="/run/mail.sock"),
        Export(name="web:80", socket="/run/web.sock"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exports: {}",
        "exports: [a]",
        "exports: {a: http://127.0.0.1:9000/path}",
        "exports: {a: http://user@127.0.0.1:9000}",
        "exports: {a: ftp://127.0.0.1:21}",
        "exports: {a: tcp://127.0.0.1}",
        "exports: {a: 'http://127.0.0.1:99999'}",
        "exports: {a: unix:relative.sock}",
        "exports: {'a:0': tcp://127.0.0.1:1}",
        "exports: {'*': http://127.0.0.1:1}",
        "exports: {a: 9000}",
        "exports: {a: http://127.0.0.1:1, 'A:80': http://127.0.0.1:2}",
        "exports: {a: http://169.254.169.254}",
        "export: {a: http://127.0.0.1:1}\nexports: {a: http://127.0.0.1:1}",
        "exports: {a: http://127.0.0.1:1}\ntunnel: [plant]",
        "a: : b",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileUnreadable):
        read_exports(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be read"):
        read_exports(tmp_path / "link.yaml")
