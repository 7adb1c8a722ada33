from __future__ import annotations

import json

import pytest

from .balancers import Json, errors_of, gateway_of, http, listening, project
from .conftest import DEFINITION, LoadProject

TO_ORDERS = {"type": "forward", "target_group": "orders"}


def warnings_of(load_project: LoadProject, text: str, uri: str = "", link: str = "") -> list[str]:
    definition = json.loads(DEFINITION)
    integration = definition["paths"]["/orders"]["get"]["x-amazon-apigateway-integration"]
    if uri:
        integration["uri"] = uri
    if link:
        integration |= {"connectionType": "VPC_LINK", "connectionId": link}
    loaded = load_project({"gateline.yaml": text, "api.json": json.dumps(definition)})
    assert loaded.gateway is not None, loaded.report
    return [f"{d.code.name} {d.message}" for d in loaded.report.diagnostics]


def test_a_link_leads_to_a_balancer_by_its_name(load_project: LoadProject) -> None:
    text = listening(
        http(), vpc_links={"l": {"target": "b"}, "m": {"target": ["b"]}, "n": {"target": "b:80"}}
    )
    assert [(link.load_balancer, link.targets) for link in gateway_of(load_project, text).vpc_links] == [
        ("b", ()),
        ("b", ()),
        ("", (("b", 80),)),
    ]


@pytest.mark.parametrize("target", ["bb", ["bb"]])
def test_a_link_to_a_balancer_that_is_not_there_is_an_error(
    load_project: LoadProject, target: object
) -> None:
    text = project(load_balancers={"bbb": {"listeners": [http()]}}, vpc_links={"l": {"target": target}})
    (said,) = errors_of(load_project, text)
    assert said.endswith("the VPC link 'l' leads to the load balancer 'bb', which is not declared")
    assert said.startswith("GL227 /vpc_links/l/target")
    helps = [d.help for d in load_project(text).report.diagnostics if d.code.name == "GL227"]
    assert helps == ["did you mean 'bbb'?"]


def test_a_link_to_a_balancer_whose_declaration_is_wrong_does_not_count_as_missing(
    load_project: LoadProject,
) -> None:
    text = project(load_balancers={"b": {"listeners": []}}, vpc_links={"l": {"target": "b"}})
    assert [line[:5] for line in errors_of(load_project, text)] == ["GL203"]


USED: Json = {"default_actions": [TO_ORDERS]}


@pytest.mark.parametrize(
    "uri",
    [
        "http://10.example.com/orders",
        "http://10.Example.com:80/orders",
        "https://${stageVariables.host}/orders",
    ],
)
def test_a_balancer_that_a_uri_names_is_used(load_project: LoadProject, uri: str) -> None:
    apis = {
        "storefront": {
            "definition": "api.json",
            "stages": {"dev": {"variables": {"host": "10.example.com"}}},
        }
    }
    assert warnings_of(load_project, listening(http(**USED), apis=apis), uri) == []


def test_a_uri_that_is_none_leads_to_nobody(load_project: LoadProject) -> None:
    definition = DEFINITION.replace("http://10.0.3.7:9000/orders", "http://[x/")
    loaded = load_project({"gateline.yaml": listening(http(**USED)), "api.json": definition})
    assert [d.code.name for d in loaded.report.diagnostics] == ["GL332", "GL221"]


def test_a_balancer_that_a_link_leads_to_is_used(load_project: LoadProject) -> None:
    text = listening(http(**USED), vpc_links={"l": {"target": "b"}})
    assert warnings_of(load_project, text, link="l") == []


def test_a_balancer_that_faces_the_internet_is_used(load_project: LoadProject) -> None:
    text = listening(http(**USED), balancer={"scheme": "internet-facing"})
    assert warnings_of(load_project, text) == []


def test_what_nobody_leads_to_is_a_warning(load_project: LoadProject) -> None:
    text = listening(http(), secrets={"Unused": {"generate": True}})
    assert warnings_of(load_project, text) == [
        "GL221 no definition uses the secret 'Unused'",
        "GL221 no integration leads to the load balancer 'b'",
        "GL221 no listener forwards to the target group 'orders'",
    ]


@pytest.mark.parametrize(
    "action",
    [
        {"type": "forward", "target_groups": [{"name": "orders"}]},
        {"type": "forward", "forward_config": {"target_groups": [{"name": "orders"}]}},
    ],
)
def test_a_group_is_used_in_every_form_of_an_action(load_project: LoadProject, action: Json) -> None:
    text = listening(http(default_actions=[action]), balancer={"scheme": "internet-facing"})
    assert warnings_of(load_project, text) == []
