import asyncio
import gzip
from contextlib import ExitStack

import pytest

from gateline.dataplane.netstring import split
from gateline.host.directory import Directory
from gateline.host.inspect import MOST_INSPECTIONS, Inspect, NotInspected
from gateline.host.turns import LARGE, Turns
from gateline.model.hosting import HostConfiguration, HostedMethod, HostedStage
from gateline.schemas.model import UNREADABLE, SchemaInvalid
from host.questions import described

PET = '{"type": "object", "required": ["name"]}'
MISSING = '[object has missing required properties (["name"])]'
JSON = ((b"content-type", b"application/json"),)


def directory(
    models: tuple[tuple[str, str], ...] = (), bodies: tuple[str, ...] = (), *, decompresses: bool = False
) -> Directory:
    method = HostedMethod(
        route="shop/prod GET /orders", resource="/orders", resource_id="abc", models=models, bodies=bodies
    )
    stage = HostedStage(
        scope="shop/prod",
        api_id="shop",
        stage="prod",
        account_id="123456789012",
        region="us-east-1",
        revision="rev1",
        decompresses=decompresses,
        models=(("Pet", PET), ("Bad", '{"type": 1}')),
        methods=(method,),
    )
    return Directory(HostConfiguration(stages=(stage,)))


def said(
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = JSON,
    *,
    models: tuple[tuple[str, str], ...] = (),
    bodies: tuple[str, ...] = (),
    decompresses: bool = False,
) -> list[str]:
    async def ask() -> bytes:
        turns = Turns()
        try:
            found = directory(models, bodies, decompresses=decompresses)
            inspect = Inspect(lambda: found, turns)
            with inspect.place(described()) as inspection:
                return await inspect(inspection, headers, body)
        finally:
            turns.close()

    return [value.decode() for value in split(asyncio.run(ask()))]


MODELS = (("application/json", "Pet"),)


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (b'{"name":"Rex"}', ["ok", "0"]),
        (b"{}", ["invalid", MISSING]),
        (b"", ["invalid", MISSING]),
        (b"{", ["invalid", UNREADABLE]),
        (b'{"name":"' + b"x" * LARGE + b'"}', ["ok", "0"]),
    ],
)
def test_a_body_is_judged_by_the_methods_model(body: bytes, reply: list[str]) -> None:
    assert said(body, models=MODELS) == reply


@pytest.mark.parametrize(
    ("headers", "reply"),
    [
        ((), ["invalid", MISSING]),
        (((b"Content-Type", b"application/json,text/plain"),), ["invalid", MISSING]),
        (((b"content-type", b"text/plain"), (b"content-type", b"text/plain")), ["invalid", MISSING]),
        (((b"content-type", b"text/plain"),), ["ok", "0"]),
    ],
)
def test_the_content_type_chooses_the_model(
    headers: tuple[tuple[bytes, bytes], ...], reply: list[str]
) -> None:
    assert said(b"{}", headers, models=MODELS) == reply


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (b'{"a":{"b":"x"},"n":[1,2]}', ["ok", "4", "1", "x", "1", '{"b":"x"}', "1", "[1,2]", "0", ""]),
        (b"text", ["ok", "4", "0", "", "0", "", "0", "", "0", ""]),
        (b"", ["ok", "4", "0", "", "0", "", "0", "", "0", ""]),
        (b'{"a":', ["malformed"]),
        (b"'a'", ["malformed"]),
        (b'"a', ["malformed"]),
    ],
)
def test_the_values_of_mappings_are_read_from_the_body(body: bytes, reply: list[str]) -> None:
    assert said(body, bodies=("a.b", "a", "n", "missing")) == reply


def test_the_whole_body_is_a_value_too() -> None:
    assert said(b"text", bodies=("",)) == ["ok", "1", "1", "text"]


def test_half_a_pair_of_surrogates_is_a_question_mark() -> None:
    assert said(b'{"a":"\\ud800"}', bodies=("a",)) == ["ok", "1", "1", "?"]


def test_a_path_that_cannot_be_read_finds_nothing() -> None:
    assert said(b'{"a":1}', bodies=("a[", "a")) == ["ok", "2", "0", "", "1", "1"]


def test_the_model_judges_before_values_are_read() -> None:
    assert said(b"{}", models=MODELS, bodies=("name",)) == ["invalid", MISSING]
    assert said(b'{"name":"Rex"}', models=MODELS, bodies=("name",)) == ["ok", "1", "1", "Rex"]


@pytest.mark.parametrize("model", ["Bad", "Unknown"])
def test_a_model_that_can_judge_nothing_lets_nothing_in(model: str) -> None:
    with pytest.raises(SchemaInvalid):
        said(b"{}", models=(("application/json", model),))


@pytest.mark.parametrize("call", [b"", b"nonsense", described(route="shop/prod GET /other")])
def test_a_question_about_no_method_gets_no_place(call: bytes) -> None:
    found = directory()
    with pytest.raises(NotInspected), Inspect(lambda: found, Turns()).place(call):
        pass


def test_one_source_cannot_take_all_places_and_gives_them_back() -> None:
    found = directory()
    inspect = Inspect(lambda: found, Turns())
    with ExitStack() as held:
        for _ in range(MOST_INSPECTIONS // 2):
            held.enter_context(inspect.place(described()))
        with pytest.raises(NotInspected):
            held.enter_context(inspect.place(described()))
        held.enter_context(inspect.place(described(source_ip="192.0.2.8")))
    with inspect.place(described()):
        pass


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (gzip.compress(b'{"name":"Rex"}', mtime=0), ["ok", "0"]),
        (gzip.compress(b"{}", mtime=0), ["invalid", MISSING]),
        (b'{"name":"Rex"}', ["undecodable"]),
    ],
)
def test_a_compressed_body_is_judged_as_the_backend_gets_it(body: bytes, reply: list[str]) -> None:
    headers = (*JSON, (b"content-encoding", b"gzip"))
    assert said(body, headers, models=MODELS, decompresses=True) == reply


def test_a_coding_that_nobody_reads_behind_the_script_means_nothing() -> None:
    headers = (*JSON, (b"content-encoding", b"gzip"))
    assert said(b'{"name":"Rex"}', headers, models=MODELS) == ["ok", "0"]
    assert said(gzip.compress(b'{"name":"Rex"}', mtime=0), headers, models=MODELS) == ["invalid", UNREADABLE]
