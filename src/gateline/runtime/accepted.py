"""The texts of the definitions that were accepted last, for a control that is started again while they are bad.

What serves goes on without control, but nobody replaces what dies then, and a new Envoy is told nothing. So a control
that comes back to files that are refused goes on with what these files said when they were good. Values of secrets are
in none of them: project files only say where those are. A first start never looks here.
"""

from __future__ import annotations

import json
from pathlib import Path

from gateline.errors import FileUnreadable
from gateline.runtime.candidate import Memory, read
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, write_private
from gateline.sources import Loaded


def keep_accepted(state: StateDir, loaded: Loaded) -> None:
    """Keep what was read, until something else is accepted or the run is over.

    Raises:
        OSError: it cannot be written; what was kept before is still there.

    """
    texts = {str(path): text for path, text in loaded.reader.texts.items()}
    write_private(state.accepted, json.dumps(texts).encode())


def read_accepted(state: StateDir, settings: Settings) -> Loaded | None:
    """The project as it was accepted last; None when nothing was kept, or when it would not be accepted now."""
    try:
        kept = json.loads(state.accepted.read_bytes())
        texts = {Path(path): str(text) for path, text in kept.items()}
        loaded = read(settings, Memory(), texts)
    except (OSError, ValueError, AttributeError, FileUnreadable):
        return None
    return loaded if loaded.gateway is not None else None
