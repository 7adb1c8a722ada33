"""Tests here run a stack in this process, which freezes what the garbage collector knows (`sources/collector.py`)."""

from __future__ import annotations

# Its plugin for pytest imports it at the very end, when its own plugins (trio's) deem objects unreferenced, and warn.
import hypothesis  # noqa: F401
