"""Headers of a backend under another name: api-gateway.md section 9."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.compile.remap import remap_filter, remapped
from gateline.compile.wire import to_dict
from gateline.model.integration import REMAPPED_HEADERS as REMAPPED


@pytest.mark.parametrize("name", ["Date", "server", "WWW-Authenticate", "X-Amzn-RequestId", "content-length"])
def test_these_get_another_name(name: str) -> None:
    assert remapped(name) == f"x-amzn-remapped-{name}"


@pytest.mark.parametrize("name", ["ETag", "set-cookie", "location", "content-type", "via", "te", "x-custom"])
def test_others_keep_theirs(name: str) -> None:
    assert remapped(name) == name


def test_the_filter_copies_every_one_and_removes_what_the_codec_does_not_need() -> None:
    message: Any = remap_filter()["typed_config"]
    shown: Any = to_dict(message)
    mutations = shown["mutations"]["response_mutations"]
    copied = [m["append"]["header"]["value"] for m in mutations if "append" in m]
    removed = {m["remove"] for m in mutations if "remove" in m}
    assert copied == [f"%RESP({name})%" for name in REMAPPED]
    assert set(REMAPPED) - removed == {"connection", "content-length", "upgrade"}


def test_a_header_is_copied_before_it_is_removed() -> None:
    message: Any = remap_filter()["typed_config"]
    shown: Any = to_dict(message)
    seen: set[str] = set()
    for mutation in shown["mutations"]["response_mutations"]:
        if "append" in mutation:
            seen.add(mutation["append"]["header"]["key"].removeprefix("x-amzn-remapped-"))
        else:
            assert mutation["remove"] in seen
