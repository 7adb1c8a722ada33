"""CALL, the script's description of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.dataplane.netstring import NetstringWriter
from gateline.integrations.call import Authorized, Call, CallInvalid, read_call, wire_text
from integrations.samples import AUTHORIZED, CALL, written


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        replace(CALL, authorized=AUTHORIZED),
        replace(CALL, authorized=Authorized(principal="", integration_latency=0)),
        replace(CALL, query=b"", trace_id="", path_parameters=()),
        replace(CALL, authorized=AUTHORIZED, api_key="a key of twenty bytes", api_key_id="k3y1d"),
        replace(CALL, query=b"a=\xff%00", path="/orders/ü", path_parameters=(("id", "ü"),)),
    ],
    ids=["of an authorizer", "authorized", "authorized without a name", "bare", "with a key", "not ASCII"],
)
def test_a_call_is_read_as_it_was_written(call: Call) -> None:
    assert call == read_call(written(call))


@pytest.mark.parametrize("cut", range(len(written(CALL))))
def test_no_beginning_of_a_call_is_a_call(cut: int) -> None:
    with pytest.raises(CallInvalid):
        read_call(written(CALL)[:cut])


def test_a_call_with_something_behind_it_is_refused() -> None:
    with pytest.raises(CallInvalid):
        read_call(written(CALL) + b"0:")


@pytest.mark.parametrize("latency", ["-1", "1.5", "x", "9999999999"])
def test_a_latency_is_a_number_of_milliseconds(latency: str) -> None:
    data = (
        written(CALL).removesuffix(b"0:0:1:00:0:0:") + b"6:user-7" + f"{len(latency)}:{latency}1:0".encode()
    )
    with pytest.raises(CallInvalid, match="latency"):
        read_call(data)


def test_a_principal_without_an_authorizer_is_refused() -> None:
    writer = NetstringWriter()
    writer.put("user-7", "", 0)
    with pytest.raises(CallInvalid, match="without a latency"):
        read_call(written(CALL).removesuffix(b"0:0:1:00:0:0:") + writer.data)


def test_a_refusal_names_no_value_of_the_request() -> None:
    data = written(replace(CALL, request_id="s3cret")).replace(b"6:s3cret", b"6:s3cre\xff")
    with pytest.raises(CallInvalid) as caught:
        read_call(data)
    assert "s3cre" not in str(caught.value)


@given(data=st.binary(max_size=20))
def test_any_bytes_have_a_text_and_utf_8_comes_back_unchanged(data: bytes) -> None:
    text = wire_text(data)
    assert text.encode() == data or text.encode("latin-1") == data
