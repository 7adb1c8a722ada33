"""The link's own file: what the gateway may reach here, and nothing else.

tunnel: plant
exports:
orders: http://127.0.0.1:9000          # asked for as orders:80
db: tcp://127.0.0.1:5432               # asked for as db:5432
"mail:25": unix:/run/mail.sock
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from gateline.compile.link_node import Export
from gateline.errors import FileUnreadable
from gateline.model.address import forbidden_reason

_PORTS: Final = {"http": 80, "https": 443, "unix": 80}
_NAME: Final = re.compile(r"([a-z0-9](?:[a-z0-9._-]{0,252}))(?::([0-9]{1,5}))?", re.IGNORECASE)
_KEYS: Final = {"tunnel", "exports"}
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """What a link's file says. `tunnel`: "" when it says none."""

    tunnel: str
    exports: tuple[Export, ...]


def read_exports(path: Path) -> Exports:
    """What the file exports.

    Raises:
        FileUnreadable: it cannot be read, or says something else.

    """
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8")
        said = yaml.safe_load(text)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError):
        raise FileUnreadable(f"{path} is no YAML") from None
    if not isinstance(said, dict) or not isinstance(said.get("exports"), dict) or not said["exports"]:
        raise FileUnreadable(f"{path} exports nothing: write exports: {{orders: http://127.0.0.1:9000}}")
    if unknown := sorted(str(key) for key in said.keys() - _KEYS):
        raise FileUnreadable(f"{path}: unknown key {', '.join(unknown)}; it has tunnel and exports")
    tunnel = said.get("tunnel") or ""
    if not isinstance(tunnel, str):
        raise FileUnreadable(f"{path}: tunnel is the name of a tunnel")
    made = tuple(_export(path, name, target) for name, target in said["exports"].items())
    names = [each.name for each in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise FileUnreadable(f"{path} exports {twice} twice")
    return Exports(tunnel=tunnel, exports=made)


def _export(path: Path, name: Any, target: Any) -> Export:  # noqa: ANN401 - whatever the file holds
    called = _NAME.fullmatch(name) if isinstance(name, str) else None
    if called is None or not isinstance(target, str):
        raise FileUnreadable(f"{path}: an export is NAME: URL or NAME:PORT: URL, not {name}: {target}")
    scheme, _, rest = target.partition(":")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise FileUnreadable(f"{path}: {name} leads to {target}; write unix:/PATH")
        return Export(name=_asked_for(path, called, _PORTS[scheme]), socket=rest)
    host, port = _place(path, name, target)
    default = port if scheme == "tcp" else _PORTS[scheme]
    return Export(name=_asked_for(path, called, default), host=host, port=port)


def _place(path: Path, name: str, target: str) -> tuple[str, int]:
    parts = urlsplit(target)
    try:
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    beyond = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https", "tcp"} or not host or not port or beyond:
        message = f"{path}: {name} leads to {target}; write http://HOST:PORT, tcp://HOST:PORT or unix:/PATH"
        raise FileUnreadable(message)
    if reason := forbidden_reason(host):
        raise FileUnreadable(f"{path}: {name} leads to {host}, {reason}, which nothing may reach")
    return host, port


def _asked_for(path: Path, called: re.Match[str], default: int) -> str:
    port = int(called[2] or default)
    if not 1 <= port <= 65535:
        raise FileUnreadable(f"{path}: {called[0]} has no port from 1 to 65535")
    return f"{called[1].lower()}:{port}"
