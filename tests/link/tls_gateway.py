"""A gateway's enrolment over TLS, without Envoy: the desk of links, and who asks it."""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError
from gateline.model.secret import Certificate
from gateline.runtime.link_desk import LinkDesk, text_bytes
from gateline.runtime.vault import Vault
from runtime.linked import gateway, state_dir


class TlsGateway:
    """Gives out tokens and certificates; `asked` holds what nodes have sent."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = 0
        self.asked: list[dict[str, Any]] = []
        self._vault = Vault(state_dir(folder), {})

    @property
    def desk(self) -> LinkDesk:
        """The desk, which tells nodes the port of now."""
        return LinkDesk(self._vault, gateway("plant", port=self.port))

    def token(self, path: Path, node: str = "n1") -> Path:
        """Write a token."""
        path.write_text(json.dumps(self.desk.mint("plant", node, datetime.now(UTC))), encoding="utf-8")
        return path

    @asynccontextmanager
    async def serving(self, shown: Certificate | None = None) -> AsyncIterator[None]:
        """Answer nodes, under its own certificate or another one."""
        certificate = shown or self.desk.certificate(datetime.now(UTC))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate.private_key.reveal() + certificate.chain)
            file.flush()
            context.load_cert_chain(file.name)
        server = await asyncio.start_server(self._attend, "127.0.0.1", self.port, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            asked = json.loads(line)
            self.asked.append(asked)
            writer.write(json.dumps(self._answer(asked)).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        now, request = datetime.now(UTC), asked["request"].encode()
        try:
            if asked["do"] == "enroll":
                made = self.desk.admit(asked["secret"], request, now)
            else:
                held, proof = asked["certificate"].encode(), text_bytes(asked["signature"])
                made = self.desk.renew(held, request, proof, now)
        except GatelineError as error:
            return {"ok": False, "problem": str(error)}
        return {
            "ok": True,
            "tunnel": made.node.tunnel,
            "node": made.node.node,
            "name": made.node.dns_name,
            "certificate": made.certificate.decode(),
            "connections": 4,
        }
