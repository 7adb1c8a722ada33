"""Where a balancer's access log is written."""

from __future__ import annotations

from gateline.model import codes
from gateline.sources.project_balancer import LoadBalancerPart
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def access_log_file(bench: Workbench, here: Pointer, part: LoadBalancerPart) -> str:
    """The file made absolute; "" for none. Complains of a balancer that has none to write, and of a missing folder."""
    if part.access_logs is None or bench.validated.lacks(*here, "access_logs", "path"):
        return ""
    place = (*here, "access_logs", "path")
    said, advice = "", ""
    if part.scheme == "internal":
        said = "an internal balancer has no clients of its own"
        advice = "requests that come through the gateway are in its request log"
    elif part.type == "network":
        said = "a network balancer sees connections, and no requests"
    elif part.access_logs.path == "-":
        said = "an access log is a file, not the terminal"
        advice = "gateline up --log-format json writes requests to the terminal"
    path = bench.reader.absolute(bench.origin(place), part.access_logs.path)
    if not said and (path.is_dir() or not path.parent.is_dir()):
        said = (
            f"the folder of {bench.reader.name(path)} is not there" if not path.is_dir() else "it is a folder"
        )
    if said:
        bench.complain(
            codes.ACCESS_LOG_INVALID, place, f"no access log can be written: {said}", advice=advice
        )
        return ""
    return str(path)
