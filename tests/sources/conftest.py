"""Projects made for one test: files in a folder of their own, loaded as a command would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from gateline.sources import Loaded, load

DEFINITION = json.dumps(
    {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/orders": {
                "get": {
                    "responses": {},
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy",
                        "httpMethod": "GET",
                        "uri": "http://10.0.3.7:9000/orders",
                    },
                }
            }
        },
    },
    indent=1,
)
"""An OpenAPI document with one method and no complaint."""


class LoadProject(Protocol):
    """Writes files beside each other and loads the first one, or `root`."""

    def __call__(
        self,
        files: Mapping[str, str] | str,
        *,
        environ: Mapping[str, str] | None = None,
        overlays: Sequence[str] = (),
        checking: bool = False,
        root: str = "",
    ) -> Loaded: ...


@pytest.fixture
def load_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadProject:
    monkeypatch.chdir(tmp_path)

    def load_files(
        files: Mapping[str, str] | str,
        *,
        environ: Mapping[str, str] | None = None,
        overlays: Sequence[str] = (),
        checking: bool = False,
        root: str = "",
    ) -> Loaded:
        named = {"gateline.yaml": files} if isinstance(files, str) else files
        for name, text in {"api.json": DEFINITION, **named}.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        return load(
            Path(root or next(iter(named))),
            overlays=[Path(overlay) for overlay in overlays],
            environ=environ or {},
            checking=checking,
        )

    return load_files


def said(loaded: Loaded) -> list[str]:
    """Every diagnostic as `GLnnn file:line:column message`."""
    lines = []
    for diagnostic in loaded.report.diagnostics:
        position = loaded.locate(diagnostic.origin)
        place = f"{diagnostic.origin.file}:{position.line}:{position.column}"
        lines.append(f"{diagnostic.code.name} {place} {diagnostic.message}")
    return lines
