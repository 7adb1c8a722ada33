"""The example system in one command (`make up`): three services of two tasks each, and the gateway before them.

Gateline runs all of it. This script makes up the secrets that a real system has from elsewhere, signs two tokens
with which the authorizer can be tried, and says where the tasks are, so that going around the gateway can be tried.
"""

import contextlib
import json
import os
import runpy
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
GATELINE = [sys.executable, "-m", "gateline"]


def main():
    key = secrets.token_urlsafe(32)
    environment = os.environ | {"API_GATEWAY_SECRET": secrets.token_urlsafe(32), "TOKEN_KEY": key}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        command = [*GATELINE, "up", str(HERE), "--ready-file", str(ready), *sys.argv[1:]]
        gateway = subprocess.Popen(command, env=environment)
        try:
            with contextlib.suppress(KeyboardInterrupt):  # the terminal sends it to the gateway, too
                while gateway.poll() is None and not ready.exists():
                    time.sleep(0.02)
                if gateway.poll() is None:
                    print_lines(json.loads(ready.read_text())["apis"]["storefront"]["prod"], key)
            while True:
                with contextlib.suppress(KeyboardInterrupt):
                    return gateway.wait()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
            gateway.terminate()
            gateway.wait()


def print_lines(url, key):
    """Say what to try, and what it answers: all of it at once, behind what the gateway says first."""
    sign = runpy.run_path(str(HERE / "functions" / "authorizer" / "authorizer.py"))["sign"]
    lines = ["", "orders, without a token, are 401:", f"  curl -i {url}/orders"]
    for name, role, status in (
        ("bob", "visitor", "403"),
        ("alice", "customer", "200, from one task and the other"),
    ):
        header = f"Authorization: Bearer {sign(name, role, key)}"
        lines += [f"with the token of {name}, a {role}, {status}:", f"  curl -i -H '{header}' {url}/orders"]
    listed = subprocess.run(
        [*GATELINE, "services", "list", "--project", str(HERE), "--output", "json"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        for service in json.loads(listed.stdout)["services"]:
            for task in service["tasks"]:
                name, place = f"{service['name']}/{task['id']}", task["address"]
                if place.startswith("/"):
                    lines += [
                        f"{name} listens at a Unix socket, which only this user may open:",
                        f"  {place}",
                    ]
                else:
                    lines += [f"straight to {name} is 403:", f"  curl -i http://{place}/"]
    print("\n".join([*lines, "", "Ctrl-C ends all of it."]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
