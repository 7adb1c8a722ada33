"""The guard as people get it: built into a wheel, and used from there alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

GUARD: Final = Path(__file__).parents[2] / "guard"
USED: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import gateline_guard
from gateline_guard import Guard, Refused
assert gateline_guard.__file__.startswith(sys.argv[1]), gateline_guard.__file__
guard = Guard(secret="right")
print(guard.check("GET", "/", [("x-gateway-secret", "right")]).by)
try:
    guard.check("GET", "/", [("x-gateway-secret", "wrong")])
except Refused as refused:
    print(refused.status)
"""


def test_the_wheel_holds_the_guard_and_its_types_and_works_by_itself(tmp_path: Path) -> None:
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, cwd=GUARD, check=True, capture_output=True)
    [wheel] = tmp_path.glob("gateline_guard-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        [metadata] = [packed.read(name).decode() for name in names if name.endswith("/METADATA")]
    sources = {f"gateline_guard/{path.name}" for path in (GUARD / "src" / "gateline_guard").glob("*.py")}
    assert {name for name in names if ".dist-info/" not in name} == {*sources, "gateline_guard/py.typed"}
    assert "Requires-Dist" not in metadata
    used = [sys.executable, "-I", "-S", "-c", USED, str(wheel)]  # neither the environment nor site-packages
    said = subprocess.run(used, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["secret", "401"]
