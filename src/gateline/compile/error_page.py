"""A balancer's error pages (load-balancers.md section 9)."""

from __future__ import annotations

from typing import Final

BALANCER_SERVER: Final = "awselb/2.0"


def error_page(status: int, reason: str) -> str:
    """The page with which an application balancer answers by itself: `503 Service Temporarily Unavailable`."""
    title = f"{status} {reason}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
