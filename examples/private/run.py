"""Every way to shut a service off, in one command (`make private`), and the proof that each of them holds.

Starts the gateway with its services, asks each of them through it, has their secrets replaced, asks again, and then
tries with `gateline prove` to reach them around it. Ends with exit code 0 when all have answered and nothing is open.
`--stay` lets all of it run until Ctrl-C; `--no-rotation` leaves the secrets as they are.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
GATELINE = [sys.executable, "-m", "gateline"]
SECRETS = ("LedgerSecret", "LegacySecret")
WAYS = {
    "ledger": "a secret header that gateline-guard asks for, behind an authorizer",
    "archive": "a Unix socket that only the gateway may open",
    "legacy": "a sidecar before an application that cannot be changed",
    "reports": "a signed assertion that gateline-guard verifies, of whom the authorizer let in",
    "payments": "the gateway's client certificate, from the balancer",
    "vault": "the same, passed through by a network balancer",
}


def main():
    options = [option for option in sys.argv[1:] if option not in {"--stay", "--no-rotation"}]
    secrets_to_rotate = () if "--no-rotation" in sys.argv[1:] else SECRETS
    token = secrets.token_urlsafe(32)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        ready = Path(folder, "ready.json")
        command = [*GATELINE, "up", str(HERE), "--ready-file", str(ready), *options]
        gateway = subprocess.Popen(command, env=os.environ | {"TOKEN": token})
        try:
            while gateway.poll() is None and not ready.exists():
                time.sleep(0.02)
            if gateway.poll() is not None:
                return gateway.returncode
            url = json.loads(ready.read_text())["apis"]["private"]["prod"]
            print(f"\nthrough the gateway at {url}:", flush=True)
            answers = [ask(url, service, token) for service in WAYS]
            print("\nwith other secrets:", flush=True)
            failed = [gateline("secrets", "rotate", name, "--wait") for name in secrets_to_rotate]
            answers += [ask(url, service, token) for service in WAYS]
            print("\naround it, `gateline prove`:\n", flush=True)
            proven = gateline("prove")
            if "--stay" in sys.argv[1:]:
                gateway.wait()
            return proven or int(any(failed) or not all(answers))
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
            gateway.terminate()
            gateway.wait()
    return 0


def gateline(*words):
    """The exit code of a command about the gateway that runs."""
    return subprocess.run([*GATELINE, *words, "--project", str(HERE)], check=False).returncode


def ask(url, service, token):
    """Whether a service answers through the gateway; says so."""
    request = urllib.request.Request(f"{url}/{service}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            told = f"{answer.status} {answer.read().decode().strip()}"
            answered = json.loads(told.partition(" ")[2])["service"] == service
    except urllib.error.HTTPError as error:
        told, answered = str(error.code), False
    print(f"  {service:8} {told:50} ({WAYS[service]})", flush=True)
    return answered


if __name__ == "__main__":
    sys.exit(main())
