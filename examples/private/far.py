"""The private side of a link: an application that nobody can connect to, and the node that dials out to the gateway.

    python far.py TOKEN

TOKEN is the file that `gateline links enroll` wrote. The application listens at a Unix socket; the node exports it
under a name, and listens on nothing.
"""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main():
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/application.sock"
        exports = {"tunnel": "warehouse", "exports": {"warehouse.private": f"unix:{socket}"}}
        Path(folder, "link.yaml").write_text(json.dumps(exports))  # JSON is YAML
        application = subprocess.Popen([sys.executable, str(HERE / "application.py"), "warehouse", socket])
        words = ["--exports", f"{folder}/link.yaml", "--state", f"{folder}/state", "--enroll", sys.argv[1]]
        link = subprocess.Popen([sys.executable, "-m", "gateline", "link", *words])
        signal.signal(signal.SIGTERM, lambda *_: link.terminate())
        try:
            return link.wait()
        finally:
            application.terminate()
            application.wait()


if __name__ == "__main__":
    sys.exit(main())
