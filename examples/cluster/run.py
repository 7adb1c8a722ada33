"""Rolling deployments to watch, in one command (`make cluster`).

A service of four tasks stands behind a load balancer, and a client sends it one request after another. Version 2 is
rolled out, then a version that crashes, which goes back by itself. Each second a line says which versions have answered
how often, and what the cluster is doing. Ends with 1 when a request failed.
"""

import contextlib
import http.client
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
GATELINE = [sys.executable, "-m", "gateline"]
CLIENTS = 2
PATIENCE = 120  # seconds


class Load:
    """Clients that send one request after another, and count the versions that answer."""

    def __init__(self, port):
        self.port = port
        self.counts = Counter()
        self.total = Counter()
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        """Be one client."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.over.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                text = answer.read().decode().strip()
                said = f"version {text}" if answer.status == 200 else "failed"
            except (OSError, http.client.HTTPException):
                connection.close()
                said = "failed"
            with self.lock:
                self.counts[said] += 1
            self.over.wait(0.005)

    def take(self):
        """What came since the last time."""
        with self.lock:
            counts, self.counts = self.counts, Counter()
        self.total += counts
        return counts

    def stop(self):
        """Send no more."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.take()


class Watch:
    """Asks the gateway again and again what the service is like; `service` is what it said last."""

    def __init__(self, folder):
        self.command = [*GATELINE, "services", "list", "--project", str(folder), "--output", "json"]
        self.service = self.ask()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def ask(self):
        """What the service is like now."""
        listed = subprocess.run(self.command, stdout=subprocess.PIPE, check=True).stdout
        return json.loads(listed)["services"][0]

    def run(self):
        """Ask on."""
        while not self.over.wait(0.5):
            self.service = self.ask()

    def stop(self):
        """Ask no more."""
        self.over.set()
        self.thread.join()


class Show:
    """What is shown of the project in a folder, second by second."""

    def __init__(self, folder, load, watch):
        self.folder = folder
        self.load = load
        self.watch = watch
        self.began = time.monotonic()

    def second(self):
        """Let a second pass, and say what it was like; the service."""
        time.sleep(1)
        service = self.watch.service
        counts = self.load.take()
        tasks = Counter(task["health"] for task in service["tasks"])
        answered = "  ".join(f"{said}: {count}" for said, count in sorted(counts.items())) or "no answer"
        state = ", ".join(f"{count} {health}" for health, count in sorted(tasks.items()))
        primary = service["deployments"][0]
        print(
            f"{time.monotonic() - self.began:5.1f} s  {answered:<32}  tasks: {state}"
            f"  (deployment {primary['number']} {primary['rollout_state']})",
            flush=True,
        )
        return service

    def deploy(self, before, after):
        """Edit the project, and watch what becomes of it; the deployments in the end."""
        project = self.folder / "gateline.yaml"
        number = self.watch.service["deployments"][0]["number"]
        draft = self.folder / "draft"
        draft.write_text(project.read_text().replace(f'VERSION: "{before}"', f'VERSION: "{after}"'))
        draft.replace(project)
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            service = self.second()
            primary = service["deployments"][0]
            is_over = primary["number"] > number and primary["rollout_state"] != "IN_PROGRESS"
            if is_over and len(service["tasks"]) == service["desired"]:
                return service["deployments"]
        raise SystemExit(f"the deployment of version {after} did not come to an end in {PATIENCE} s")


def play(folder, port):
    """All that there is to see; the exit code."""
    watch, load = Watch(folder), Load(port)
    show = Show(folder, load, watch)
    print("\nversion 1 serves:")
    for _ in range(2):
        show.second()
    print("\nversion 2 is rolled out, two tasks at a time:")
    show.deploy("1", "2")
    print("\nversion 3 is rolled out; it crashes:")
    primary, *others = show.deploy("2", "3-crashes")
    failed = next((each for each in others if each["number"] == primary["rolls_back"]), None)
    load.stop()
    watch.stop()
    if failed:
        print(f"\ndeployment {failed['number']} {failed['rollout_state']}: {failed['rollout_state_reason']}")
        print(f"deployment {primary['number']} brought revision {primary['revision']} back")
    told = ", ".join(f"{said}: {count}" for said, count in sorted(load.total.items()))
    print(f"{load.total.total()} requests, {load.total['failed']} failed ({told})")
    return int(failed is None or load.total["failed"] > 0 or any("crash" in said for said in load.total))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    with tempfile.TemporaryDirectory() as scratch:
        folder, ready = Path(scratch, "cluster"), Path(scratch, "ready.json")
        folder.mkdir()  # a copy, because it is edited
        for name in ("gateline.yaml", "service.py"):
            shutil.copy(HERE / name, folder / name)
        command = [*GATELINE, "up", str(folder), "--port", "0", "--ready-file", str(ready), *sys.argv[1:]]
        gateway = subprocess.Popen(command)
        try:
            while gateway.poll() is None and not ready.exists():
                time.sleep(0.02)
            if gateway.poll() is not None:
                return gateway.returncode
            [url] = json.loads(ready.read_text())["balancers"]["web"].values()
            return play(folder, int(url.rpartition(":")[2].strip("/")))
        except KeyboardInterrupt:
            return 130
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
            with contextlib.suppress(ProcessLookupError):
                gateway.terminate()
            gateway.wait()


if __name__ == "__main__":
    sys.exit(main())
