"""Names of stages in the project file: `API/STAGE`, both of them declared."""

from __future__ import annotations

from gateline.model import codes
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

DEFAULT_STAGE = "dev"


def named_stage(bench: Workbench, pointer: Pointer, written: str) -> tuple[str, str]:
    """The API and the stage that a text of the project file names; a complaint when they are not declared."""
    api, _, stage = str(written).partition("/")
    apis = bench.tree.names("apis")
    shown_api, _, shown_stage = bench.shown(pointer, str(written)).partition("/")
    if api not in apis:
        bench.complain(
            codes.API_NOT_DECLARED,
            pointer,
            f"there is no API '{shown_api}'",
            advice=did_you_mean(api, apis),
        )
        return api, stage
    stages = bench.tree.names("apis", api, "stages") or (DEFAULT_STAGE,)
    if stage not in stages:
        bench.complain(
            codes.STAGE_NOT_DECLARED,
            pointer,
            f"the API '{api}' has no stage '{shown_stage or shown_api}'",
            advice=did_you_mean(stage, stages) or f"its stages are {', '.join(stages)}",
        )
    return api, stage
