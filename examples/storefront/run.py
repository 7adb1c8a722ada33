"""The example system in one command (`make up`): two services and the gateway in front of them.

The services know the secret from their environment; nobody else does, so only the gateway gets an answer. The
authorizer knows the key of tokens, with which two are signed here.
"""

import os
import runpy
import secrets
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SERVICES = {"orders": 9001, "catalog": 9002}
ORDERS = "http://127.0.0.1:8080/prod/orders"


def main():
    key = secrets.token_urlsafe(32)
    environment = os.environ | {"API_GATEWAY_SECRET": secrets.token_urlsafe(32), "TOKEN_KEY": key}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    services = [
        subprocess.Popen(
            [sys.executable, HERE / "service.py", name, str(port)], env=environment, stdout=subprocess.PIPE
        )
        for name, port in SERVICES.items()
    ]
    for service, (name, port) in zip(services, SERVICES.items(), strict=True):
        if not service.stdout.readline():  # says when it listens; whoever else has its port gets no secret
            for each in services:
                each.kill()
            return 1
        print(f"service {name}: straight to it is 403:  curl -i http://127.0.0.1:{port}/")
    sign = runpy.run_path(str(HERE / "functions" / "authorizer" / "authorizer.py"))["sign"]
    print(f"orders, without a token, are 401:  curl -i {ORDERS}")
    for name, role, status in (("bob", "visitor", 403), ("alice", "customer", 200)):
        header = f"Authorization: Bearer {sign(name, role, key)}"
        print(f"with the token of {name}, a {role}, {status}:  curl -i -H '{header}' {ORDERS}", flush=True)
    command = [sys.executable, "-m", "gateline", "up", str(HERE), *sys.argv[1:]]
    gateway = subprocess.Popen(command, env=environment)
    try:
        while True:
            try:
                return gateway.wait()
            except KeyboardInterrupt:
                continue  # the terminal sent it to the gateway too, which drains and ends
    finally:
        for process in (gateway, *services):  # in this order: requests in flight still have their services
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
