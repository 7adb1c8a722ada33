"""An application that cannot be changed, and the sidecar before it: together they are one task.

    python beside.py PORT

The application listens at a Unix socket in a folder of this task's user alone, the sidecar at the port.
"""

import os
import signal
import subprocess
import sys
import tempfile


def main():
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/application.sock"
        application = subprocess.Popen([sys.executable, "application.py", "legacy", socket])
        command = [sys.executable, "-m", "gateline", "sidecar", "--service", "legacy"]
        command += ["--port", sys.argv[1], "--to", f"unix:{socket}", "--state", folder]
        command += ["--header", "X-Gateway-Secret", "--secret-file", os.environ["SECRET_FILE"]]
        sidecar = subprocess.Popen(command)
        signal.signal(signal.SIGTERM, lambda *_: sidecar.terminate())
        try:
            return sidecar.wait()
        finally:
            application.terminate()
            application.wait()


if __name__ == "__main__":
    sys.exit(main())
