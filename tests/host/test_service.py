from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateline.host.configuration import ConfigurationInvalid
from gateline.host.invoke import refusal
from host.questions import (
    StandIn,
    answered,
    authorizer,
    configuration,
    described,
    made_service,
    question,
    read_reply,
)

GIVEN = configuration(authorizer())


def test_before_it_is_configured_everything_is_refused() -> None:
    async def story() -> None:
        functions = StandIn()
        service = made_service(functions)
        assert read_reply(await service.authorize(question())) == ["failure", "unknown_authorizer"]
        assert await answered(service.invoke, described()) == refusal()
        assert functions.events == []

    asyncio.run(story())


def test_configured_it_answers_and_its_functions_have_their_revisions() -> None:
    async def story() -> None:
        functions = StandIn()
        service = made_service(functions)
        await service.configure(replace(GIVEN, revisions=(("authorizer", "r1"),)))
        assert functions.configured == [(GIVEN.functions, {"authorizer": "r1"})]
        assert read_reply(await service.authorize(question()))[0] == "policy"

    asyncio.run(story())


def test_a_configuration_that_is_refused_changes_nothing() -> None:
    async def story() -> None:
        functions = StandIn()
        service = made_service(functions)
        await service.configure(GIVEN)
        with pytest.raises(ConfigurationInvalid):
            await service.configure(configuration(authorizer(validation="(")))
        assert len(functions.configured) == 1
        assert read_reply(await service.authorize(question()))[0] == "policy"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("flushed", "calls"),
    [
        (("shop/prod/tokens",), 2),
        (("shop/prod/token",), 1),
        (("shop/pro/tokens", "shop/prod/other"), 1),
        (None, 2),
    ],
)
def test_a_flush_forgets_what_exactly_these_authorizers_decided(
    flushed: tuple[str, ...] | None, calls: int
) -> None:
    async def story() -> None:
        functions = StandIn()
        service = made_service(functions)
        await service.configure(GIVEN)
        await service.authorize(question())
        service.flush(flushed)
        await service.authorize(question())
        assert len(functions.events) == calls

    asyncio.run(story())
