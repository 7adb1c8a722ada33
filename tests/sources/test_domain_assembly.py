from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.model.domain import BasePathMapping, Domain
from gateline.model.gateway import CertificateSource, SelfSigned, TlsFiles
from gateline.model.origin import Origin

from .balancers import Json, errors_of, gateway_of, project
from .conftest import DEFINITION, LoadProject

PROD = {"storefront": {"definition": "api.json", "stages": {"prod": {}}}}
EVERYTHING = {"": "storefront/prod"}


def test_domains_arrive_with_their_mappings_and_certificates(
    load_project: LoadProject, tmp_path: Path
) -> None:
    (tmp_path / "a.pem").touch()
    (tmp_path / "a.key").touch()
    written = {
        "API.example.com": {
            "certificate": "a.pem",
            "private_key": "a.key",
            "mappings": {"": "storefront/prod", "v2/next": "storefront/prod"},
        },
        "*.example.com": {"self_signed": True, "mappings": EVERYTHING},
        "plain.example.com": {"mappings": EVERYTHING},
    }
    gateway = gateway_of(load_project, project(apis=PROD, domains=written))
    origin = Origin("gateline.yaml", ("domains", "API.example.com"))
    first, second, third = gateway.domains
    assert first == Domain(
        name="api.example.com",
        certificate="domain/api.example.com",
        mappings=(
            BasePathMapping(
                base_path="", api="storefront", stage="prod", origin=origin.child("mappings", "")
            ),
            BasePathMapping(
                base_path="v2/next",
                api="storefront",
                stage="prod",
                origin=origin.child("mappings", "v2/next"),
            ),
        ),
        origin=origin,
    )
    assert (second.name, second.certificate) == ("*.example.com", "domain/*.example.com")
    assert third.certificate == ""
    assert gateway.certificates == (
        CertificateSource(
            name="domain/api.example.com",
            source=TlsFiles(
                certificate=str(tmp_path / "a.pem"), private_key=str(tmp_path / "a.key"), origin=origin
            ),
            hosts=("api.example.com",),
        ),
        CertificateSource(
            name="domain/*.example.com", source=SelfSigned(origin=second.origin), hosts=("*.example.com",)
        ),
    )


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        (
            {"a.example.com": {"mappings": {"": "storefrnt/prod"}}},
            "GL215 /domains/a.example.com/mappings/: there is no API 'storefrnt'",
        ),
        (
            {"a.example.com": {"mappings": {"v1": "storefront/prd"}}},
            "GL236 /domains/a.example.com/mappings/v1: the API 'storefront' has no stage 'prd'",
        ),
        (
            {"a.example.com": {"mappings": EVERYTHING}, "A.example.com": {"mappings": EVERYTHING}},
            "GL216 /domains/A.example.com: the domain 'a.example.com' is written twice",
        ),
        (
            {"www.example.com": {"mappings": EVERYTHING}},
            "GL216 /domains/www.example.com: the domain 'www.example.com' is one of gateway.hosts too",
        ),
        *(
            (
                {name: {"mappings": EVERYTHING}},
                f"GL216 /domains/{name}: the domain '{name}' is among the hosts that reach APIs by their own names",
            )
            for name in (
                "localhost",
                "storefront.localhost",
                "*.localhost",
                "x.execute-api.eu-west-1.example",
            )
        ),
    ],
)
def test_domains_that_lead_nowhere_or_belong_to_others_are_errors(
    load_project: LoadProject, domains: Json, said: str
) -> None:
    text = project(apis=PROD, domains=domains, gateway={"hosts": ["www.example.com"]})
    assert errors_of(load_project, text) == [said]


def test_an_api_without_stages_has_one_to_map(load_project: LoadProject) -> None:
    mapped = project(domains={"a.example.com": {"mappings": {"": "storefront/dev"}}})
    assert gateway_of(load_project, mapped).domains[0].mappings[0].stage == "dev"
    other = project(domains={"a.example.com": {"mappings": {"": "storefront/prod"}}})
    (wrong,) = load_project(other).report.diagnostics
    assert (wrong.code.name, wrong.help) == ("GL236", "its stages are dev")


@pytest.mark.parametrize(
    ("in_project", "in_definition", "mapped", "answers"),
    [
        (None, None, False, True),
        (None, None, True, False),
        (None, False, True, True),
        (None, True, False, False),
        (True, True, True, True),
        (True, None, True, True),
        (False, False, False, False),
    ],
)
def test_an_apis_own_host_answers_unless_a_domain_maps_it_or_something_says_otherwise(
    load_project: LoadProject,
    in_project: bool | None,
    in_definition: bool | None,
    mapped: bool,
    answers: bool,
) -> None:
    definition = json.loads(DEFINITION)
    if in_definition is not None:
        disabled = {"disableExecuteApiEndpoint": in_definition}
        definition["x-amazon-apigateway-endpoint-configuration"] = disabled
    api = {"definition": "d.json", "execute_api_endpoint": in_project}
    domains = {"a.example.com": {"mappings": {"": "storefront/dev"}}} if mapped else {}
    text = project(apis={"storefront": api}, domains=domains)
    loaded = load_project({"gateline.yaml": text, "d.json": json.dumps(definition)})
    assert loaded.gateway is not None
    (read,) = loaded.gateway.apis
    assert read.execute_api_endpoint is answers
