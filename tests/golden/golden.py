"""Expected files: compared with, or rewritten and tidied by `make golden`."""

from __future__ import annotations

from pathlib import Path


class Golden:
    """The expected files of one case."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder = folder
        self._update = update
        self._written: set[Path] = set()

    def check(self, name: str, actual: str) -> None:
        """Compare a file with what the code says now, or write it."""
        path = self._folder / name
        self._written.add(path)
        if self._update:
            self._folder.mkdir(exist_ok=True)
            path.write_text(actual, encoding="utf-8")
        assert path.exists(), f"{path.name} is missing: run `make golden` and read its diff"
        assert actual == path.read_text(encoding="utf-8")

    def close(self) -> None:
        """Fail over files that nothing writes any more, or remove them."""
        orphans = set(self._folder.glob("*")) - self._written
        if self._update:
            for path in orphans:
                path.unlink()
            return
        assert not orphans, f"nothing writes {sorted(path.name for path in orphans)}: run `make golden`"
