"""A balancer's error pages: load-balancers.md section 9."""

from __future__ import annotations

from gateline.compile.error_page import error_page


def test_a_page_is_amazons_to_the_byte() -> None:
    assert error_page(503, "Service Temporarily Unavailable") == (
        "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
        "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
    )
