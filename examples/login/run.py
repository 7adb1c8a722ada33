"""A balancer with a login, in one command (`make login`): a site, a demo provider, and the gateway before them.

Makes up the secret that balancer and provider share, starts both, logs in once by itself to show what happens, and
says what to open in a browser. `--once` ends then, with exit code 0 if all of it was as it should be; without that it
serves until Ctrl-C.
"""

import contextlib
import http.client
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent


def main():
    once = "--once" in sys.argv[1:]
    options = [option for option in sys.argv[1:] if option != "--once"]
    environment = os.environ | {"CLIENT_SECRET": secrets.token_urlsafe(32)}
    environment.setdefault("SITE_PORT", "8443")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends what runs below, as Ctrl-C does
    started = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            provider = [sys.executable, str(HERE / "provider.py"), os.environ.get("PROVIDER_PORT", "9480")]
            started.append(subprocess.Popen(provider, env=environment, stdout=subprocess.PIPE, text=True))
            environment["ISSUER"] = started[0].stdout.readline().strip()
            ready = Path(folder, "ready.json")
            command = [
                sys.executable,
                "-m",
                "gateline",
                "up",
                str(HERE),
                "--ready-file",
                str(ready),
                *options,
            ]
            gateway = subprocess.Popen(command, env=environment)
            started.append(gateway)
            with contextlib.suppress(KeyboardInterrupt):  # the terminal sends it to the gateway, too
                while gateway.poll() is None and not ready.exists():
                    time.sleep(0.02)
                if gateway.poll() is None:
                    url = json.loads(ready.read_text())["balancers"]["site"]["443"]
                    walked = walk(url.replace("127.0.0.1", "localhost"))
                    if once:
                        return 0 if walked else 1
            while True:
                with contextlib.suppress(KeyboardInterrupt):
                    return gateway.wait()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
            for process in reversed(started):
                process.terminate()
                process.wait()
            if started:
                started[0].stdout.close()


def walk(site):
    """Log in as a browser would, step by step; whether each answered as it should."""
    browser = Browser()
    print(f"\nwhat a browser sees at {site}:", flush=True)
    steps = [
        browser.step("everybody may read this", "GET", f"{site}/public/", 200),
        browser.step("a page in the background is told", "GET", f"{site}/data/me", 401),
        browser.step("a stranger is sent to the provider", "GET", f"{site}/", 302),
        browser.step("which asks who it is", "GET", browser.location, 200),
        browser.step("and sends it back with a code", "POST", browser.url, 302, "user=ada"),
        browser.step("the balancer takes it: a session", "GET", browser.location, 302),
        browser.step("the site is told who came", "GET", browser.location, 200),
        browser.step("from now on", "GET", f"{site}/data/me", 200),
        browser.step("logging out is losing the cookies", "GET", f"{site}/logout", 302),
        browser.step("a page in the background is told", "GET", f"{site}/data/me", 401),
    ]
    print(f"\nopen {site}/public/ in a browser, and let it take the self-signed certificate\n", flush=True)
    return all(steps)


class Browser:
    """Keeps cookies by host, as browsers do; knows no more of them than this walk needs."""

    def __init__(self):
        self.cookies, self.location, self.url = {}, "", ""

    def step(self, told, verb, url, expected, form=None):
        """Ask, say what came, keep where it leads; whether the status is the expected one."""
        url = url or self.location
        parts = urlsplit(url)
        self.url = url
        if parts.scheme == "https":
            trust = ssl.create_default_context()  # our own certificate, at our own machine
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(parts.netloc, context=trust, timeout=20)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        kept = self.cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with contextlib.closing(connection):
            connection.request(verb, path, form, {name: value for name, value in headers.items() if value})
            answer = connection.getresponse()
            answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = value
            if not value:
                del kept[name]
        self.location = answer.headers.get("Location", "")
        print(f"  {told:36} {verb:4} {parts.path or '/':24} {answer.status}", flush=True)
        return answer.status == expected


if __name__ == "__main__":
    sys.exit(main())
