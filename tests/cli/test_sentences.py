from __future__ import annotations

import pytest

from gateline.cli.sentences import sentence
from gateline.runtime.notice import (
    EnvoyCrashed,
    FunctionSaid,
    HostCrashed,
    Notice,
    Published,
    Remarked,
    ServiceTold,
    TargetsTold,
    TaskSaid,
)


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (Published(0.5, 1), "reloaded in 500 ms: 1 route"),
        (EnvoyCrashed(-11, 0.0), "Envoy ended (signal SIGSEGV); it is started again at once"),
        (HostCrashed(1, 0.5), "the host of functions ended (status 1); it is started again in 0.5 s"),
        (Remarked("as it is"), "as it is"),
        (ServiceTold("orders", "it is steady"), "service orders: it is steady"),
        (TargetsTold("orders", "3 targets"), "target group orders: 3 targets"),
        (TaskSaid("orders", "1", "hello"), ""),
        (FunctionSaid("auth", "", "stdout", "hello"), ""),
    ],
)
def test_a_notice_is_a_sentence(notice: Notice, text: str) -> None:
    assert sentence(notice) == text
