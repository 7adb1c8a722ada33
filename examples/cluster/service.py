"""A service that says which version of it answers.

    python -S service.py SOCKET

VERSION says which one it is; one whose name holds "crash" ends as soon as it runs.
"""

import asyncio
import os
import signal
import sys

VERSION = os.environ["VERSION"]


async def attend(reader, writer):
    """Answer the requests of one connection."""
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            body = VERSION.encode() + b"\n"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
        pass
    finally:
        writer.close()


async def main():
    """Serve until told to end."""
    if "crash" in VERSION:
        sys.exit("the database of this version is nowhere to be found")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await asyncio.start_unix_server(attend, sys.argv[1])
    await ended.wait()


asyncio.run(main())
