"""The project file's `target_groups.T.discover`: whom to ask for targets that Gateline has not started."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gateline.sources.project_part import Part
from gateline.sources.project_values import FilePath


class DiscoverPart(Part):
    """Whom to ask for targets, beside those that are written here and those that services register."""

    LATER: ClassVar[frozenset[str]] = frozenset({"dns", "docker", "ecs"})

    file: FilePath = Field(
        description="A file that somebody else writes: a JSON list of host:port, or one a line. It is watched.",
    )
