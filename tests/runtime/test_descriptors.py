from __future__ import annotations

import json
import subprocess
import sys

from gateline.processes import isolation, tether
from gateline.runtime import descriptors

TAKES_ALL = """
import contextlib, json, os, resource
from gateline.runtime.descriptors import FILES, SPARE, Spare, raise_limit
environ = {}
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
raise_limit(environ)
raised = resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
spare = Spare()

def take_all():
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken

first = take_all()
with spare.lent():
    lent = take_all()
    os.close(lent.pop())
os.close(lent.pop())
told = [environ, raised, len(lent) + 2 == SPARE]
spare.close()
told.append(len(take_all()))
print(json.dumps(told))
"""


def test_the_limit_is_raised_and_spare_descriptors_are_there_when_all_are_taken() -> None:
    path = {"PYTHONPATH": ":".join(each for each in sys.path if each)}
    done = subprocess.run([sys.executable, "-c", TAKES_ALL], env=path, check=True, capture_output=True)
    assert json.loads(done.stdout) == [{descriptors.FILES: "100"}, True, True, 2]


def test_all_name_the_variable_alike() -> None:
    assert descriptors.FILES == isolation.FILES == tether.FILES
