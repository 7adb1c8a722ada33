"""Every way to shut a service off, in one command (`make private`), and the proof that each of them holds.

Starts the gateway with its services, asks each of them through it, has their secrets and its certificate replaced, asks
again, and then tries with `gateline prove` to reach them around it. Ends with exit code 0 when all have answered and
nothing is open. `--stay` lets all of it run until Ctrl-C; `--no-rotation` leaves the secrets as they are.
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
    "reports": "a signed assertion, which says who calls",
    "archive": "a Unix socket that only the gateway may open",
    "legacy": "a sidecar before an application that cannot be changed",
    "payments": "the gateway's client certificate, from the balancer",
    "vault": "the same, passed through by a network balancer",
    "warehouse": "a link, that a network dials out which lets nobody in",
}


def main():
    options = [option for option in sys.argv[1:] if option not in {"--stay", "--no-rotation"}]
    secrets_to_rotate = () if "--no-rotation" in sys.argv[1:] else SECRETS
    token = secrets.token_urlsafe(32)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        ready = Path(folder, "ready.json")
        command = [*GATELINE, "up", str(HERE), "--ready-file", str(ready), *options]
        far = None
        gateway = subprocess.Popen(command, env=os.environ | {"TOKEN": token})
        try:
            while gateway.poll() is None and not ready.exists():
                time.sleep(0.02)
            if gateway.poll() is not None:
                return gateway.returncode
            far = dialled(folder)
            url = json.loads(ready.read_text())["apis"]["private"]["prod"]
            print(f"\nthrough the gateway at {url}:", flush=True)
            answers = [ask(url, service, token) for service in WAYS]
            print("\nwith other secrets and another certificate:", flush=True)
            failed = [gateline("secrets", "rotate", name, "--wait") for name in secrets_to_rotate]
            failed += [gateline("certificates", "rotate", "gateway")]
            answers += [ask(url, service, token) for service in WAYS]
            print("\naround it, `gateline prove`:\n", flush=True)
            proven = gateline("prove")
            if "--stay" in sys.argv[1:]:
                gateway.wait()
            return proven or int(any(failed) or not all(answers))
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
            for process in (far, gateway):
                if process:
                    process.terminate()
                    process.wait()
    return 0


def dialled(folder):
    """The private side of the link, once it has dialled in: as it would run elsewhere, where the token was taken."""
    token = f"{folder}/token"
    if nodes():  # of a former run, whose key is gone
        gateline("links", "revoke", "warehouse-1")
    if gateline("links", "enroll", "warehouse-1", "--out", token):
        return None
    far = subprocess.Popen([sys.executable, str(HERE / "far.py"), token])
    while far.poll() is None and not any(node["connections"] for node in nodes()):
        time.sleep(0.1)
    return far


def nodes():
    """The nodes of links, as the command lists them."""
    listing = [*GATELINE, "links", "list", "--output", "json", "--project", str(HERE)]
    return json.loads(subprocess.run(listing, capture_output=True, check=True).stdout)["nodes"]


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
    print(f"  {service:9} {told:66} ({WAYS[service]})", flush=True)
    return answered


if __name__ == "__main__":
    sys.exit(main())
