"""`python -m gateline.host`, with its sockets, the database of usage and a scratch folder: kept by `gateline up`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path

import uvloop

from gateline.functions.catalogue import Functions
from gateline.host.app import server
from gateline.host.aws_service import AwsServices
from gateline.host.control import LONGEST_LINE, Megaphone, attend
from gateline.host.egress import Egress
from gateline.host.service import Service
from gateline.host.usage import Usage

MOST_FILES = 65_536
FUNCTIONS_SECONDS = 1.0
LONGEST_HOLD = (
    0.001  # seconds that a thread with a template keeps the loop from the interpreter; 0.005 is usual
)
PRIVATE = 0o177  # umask: sockets of mode 0600, from their first moment on


@dataclass(frozen=True, slots=True)
class Places:
    """Where the host's sockets and files lie."""

    socket: Path
    control: Path
    egress: Path
    usage: Path
    scratch: Path


async def serve(places: Places) -> None:
    """Serve until SIGTERM, then let finish what is in flight."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as end:
            megaphone = Megaphone()
            functions = Functions(tell=megaphone.tell, scratch=places.scratch, environ=dict(os.environ))
            async with functions:
                with (
                    closing(Usage(places.usage)) as usage,
                    closing(Egress(places.egress)) as egress,
                    closing(AwsServices(os.environ)) as aws,
                    closing(
                        Service(functions, megaphone.tell, usage=usage, egress=egress, aws=aws)
                    ) as service,
                ):
                    await _serve(service, megaphone, places)
                # Nobody waits for an answer any more: what a function still does is not waited for.
                end.reschedule(asyncio.get_running_loop().time() + FUNCTIONS_SECONDS)


async def _serve(service: Service, megaphone: Megaphone, places: Places) -> None:
    serving = server(service)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the host ends; a cancelled handler would be logged
            await attend(service, megaphone, reader, writer)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(serving, "should_exit", True))
    listening = await asyncio.start_unix_server(accept, sock=listener(places.control), limit=LONGEST_LINE)
    try:
        await serving.serve(sockets=[listener(places.socket)])
    finally:
        listening.close()
        await service.disconnect()


def listener(path: Path) -> socket.socket:
    """A Unix socket that only this user can connect to, in place of one that a killed host left."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(PRIVATE)
    try:
        made.bind(str(path))
    finally:
        os.umask(before)
    made.listen(4096)
    made.setblocking(False)
    return made


def allow_many_files() -> None:
    """Take all the descriptors that may be had: each waiting caller is a connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < most:
        with suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def main() -> None:
    """Run the host."""
    allow_many_files()
    parser = argparse.ArgumentParser(prog="python -m gateline.host")
    for field in fields(Places):
        parser.add_argument(f"--{field.name}", type=Path, required=True)
    given = parser.parse_args()
    sys.setswitchinterval(LONGEST_HOLD)
    gc.freeze()  # what was imported stays; collections need not look at it
    uvloop.run(serve(Places(**vars(given))))


if __name__ == "__main__":
    main()
