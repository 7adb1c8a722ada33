"""What a compilation lends the next: the very messages of stages of which nothing has changed."""

from __future__ import annotations

import dataclasses

from compile.gateways import api, gateway, http_proxy, mapping, method
from gateline.compile import Memory, compile_gateway
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.model.gateway import Gateway, Keyring
from gateline.model.integration import Integration, LiteralSource
from gateline.model.rest_api import RestApi


def named(name: str, integration: Integration | None = None) -> RestApi:
    served = api(method("GET", "/a", integration or http_proxy()))
    return dataclasses.replace(served, name=name, api_id=name)


def compiled(project: Gateway, memory: Memory) -> Resources:
    resources = compile_gateway(project, Keyring(), memory=memory).resources
    assert resources is not None
    return resources


def test_a_stage_of_which_nothing_changed_keeps_its_message() -> None:
    memory, kept = Memory(), named("kept")
    before = compiled(gateway(kept, named("edited")), memory)
    after = compiled(gateway(kept, named("edited", http_proxy("http://other.test/"))), memory)
    assert after.by_type[SCOPED_ROUTE]["kept/dev"] is before.by_type[SCOPED_ROUTE]["kept/dev"]
    assert after.by_type[SCOPED_ROUTE]["edited/dev"] != before.by_type[SCOPED_ROUTE]["edited/dev"]


def test_what_is_remembered_compiles_to_the_same_as_without_a_memory() -> None:
    memory, project = Memory(), gateway(named("one"), named("two", http_proxy("https://two.test/")))
    compiled(project, memory)
    assert compiled(project, memory) == compiled(project, Memory())


def test_another_account_is_another_compilation() -> None:
    memory, served = Memory(), named("one")
    project = gateway(served)
    before = compiled(project, memory)
    edge = dataclasses.replace(project.edge, account_id="210987654321")
    after = compiled(dataclasses.replace(project, edge=edge), memory)
    assert after.by_type[SCOPED_ROUTE]["one/dev"] is not before.by_type[SCOPED_ROUTE]["one/dev"]


def test_a_header_injected_by_another_api_is_cleaned_at_once() -> None:
    memory, kept = Memory(), named("kept")
    before = compiled(gateway(kept, named("other")), memory)
    injecting = http_proxy("http://b.test/", mapping("header.X-Stage", LiteralSource(("prod",))))
    after = compiled(gateway(kept, named("other", injecting)), memory)
    assert after.by_type[SCOPED_ROUTE]["kept/dev"] is not before.by_type[SCOPED_ROUTE]["kept/dev"]


def test_a_stage_with_a_complaint_complains_every_time() -> None:
    memory, project = Memory(), gateway(named("one", http_proxy("http://${stageVariables.none}/")))
    for _ in range(2):
        report = compile_gateway(project, Keyring(), memory=memory).report
        assert [diagnostic.code.name for diagnostic in report.diagnostics] == ["GL602"]
