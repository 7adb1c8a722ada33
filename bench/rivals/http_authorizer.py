"""The cheapest authorizer over HTTP that Python has: httptools on uvloop, no framework: `http_authorizer.py SOCKET`."""

import asyncio
import sys
from typing import cast

import httptools
import uvloop
from decision import decide

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"


class Authorizer(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.parser = httptools.HttpRequestParser(self)
        self.token = ""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.token = ""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self.token = value.decode()

    def on_message_complete(self) -> None:
        name, allowed = decide(self.token)
        if name is None:
            self.transport.write(UNAUTHORIZED)
        elif not allowed:
            self.transport.write(FORBIDDEN)
        else:
            answer = f"HTTP/1.1 200 OK\r\nx-principal: {name}\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(answer.encode())


async def main() -> None:
    server = await asyncio.get_running_loop().create_unix_server(Authorizer, sys.argv[1], backlog=1024)
    await server.serve_forever()


uvloop.run(main())
