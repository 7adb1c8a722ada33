"""The example system in one command (`make up`): two services and the gateway in front of them.

The services know the secret from their environment; nobody else does, so only the gateway gets an answer.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SERVICES = {"orders": 9001, "catalog": 9002}


def main():
    environment = os.environ | {"API_GATEWAY_SECRET": secrets.token_urlsafe(32)}
    services = [
        subprocess.Popen([sys.executable, HERE / "service.py", name, str(port)], env=environment)
        for name, port in SERVICES.items()
    ]
    for name, port in SERVICES.items():
        print(f"service {name}: straight to it is 403:  curl -i http://127.0.0.1:{port}/", flush=True)
    try:
        command = [sys.executable, "-m", "gateline", "up", str(HERE), *sys.argv[1:]]
        gateway = subprocess.Popen(command, env=environment)
        while True:
            try:
                return gateway.wait()
            except KeyboardInterrupt:
                continue  # the terminal sent it to the gateway too, which drains and ends
    finally:
        for service in services:
            service.terminate()


if __name__ == "__main__":
    sys.exit(main())
