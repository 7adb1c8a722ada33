"""What names and values of headers may hold (RFC 9110), whoever wrote them: a client, a template, a function."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def is_name(text: str) -> bool:
    """Whether a header may have this name."""
    return _NAME.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Whether nothing in a value ends its header, or hides bytes in it."""
    return _UNWRITABLE.search(text) is None


def sent_value(value: str) -> str:
    """A value as it is sent: without blanks around it, and in UTF-8, which has no half of a surrogate pair."""
    return value.encode(errors="replace").decode().strip(" \t")
