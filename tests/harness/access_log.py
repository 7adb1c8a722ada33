"""Lines of a balancer's access log, field by field (load-balancers.md section 11)."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from typing import Final

from harness.raw_client import PATIENCE

FIELDS: Final = (
    "type", "time", "elb", "client", "target", "request_processing_time", "target_processing_time",
    "response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request",
    "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn",
    "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url", "error_reason",
    "target_list", "target_status_code_list", "classification", "classification_reason", "conn_trace_id",
)  # fmt: skip
_QUOTED: Final = frozenset(
    {
        "request", "user_agent", "trace_id", "domain_name", "chosen_cert_arn", "actions_executed", "redirect_url",
        "error_reason", "target_list", "target_status_code_list", "classification", "classification_reason",
    }
)  # fmt: skip
_LINE: Final = " ".join('"[^"]*"' if field in _QUOTED else '[^ "]+' for field in FIELDS)


def logged(log: Path, marker: str) -> dict[str, str]:
    """The fields of the one line that holds a text, by Amazon's names, as soon as it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = [line for line in log.read_text().splitlines() if marker in line]
        if found:
            [line] = found
            assert re.fullmatch(_LINE, line), line
            return dict(zip(FIELDS, shlex.split(line.replace("\\", "\\\\")), strict=True))
        time.sleep(0.01)
    raise AssertionError(f"{marker!r} was never logged:\n{log.read_text()}")
