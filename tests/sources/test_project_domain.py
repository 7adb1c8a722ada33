from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.sources.project_domain import BasePath, DomainName, DomainPart, StageOfApi


@pytest.mark.parametrize("name", ["api.example.com", "*.example.com", "API.Example.com", "gw", "a_b.example"])
def test_domains_are_host_names_and_may_stand_for_all_of_one_more_label(name: str) -> None:
    assert TypeAdapter(DomainName).validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "http://a", "a:80", "10.0.0.1", "::1", "a.*.com", "*", "*.*.com", "a..b", "a/b", "a.", "*a.com"],
)
def test_other_names_are_no_domains(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DomainName).validate_python(name)


@pytest.mark.parametrize("path", ["", "v2", "a/b/c", "a.b", "$-_.+!*'()", "...", "a" * 300])
def test_base_paths_may_have_several_segments(path: str) -> None:
    assert TypeAdapter(BasePath).validate_python(path) == path


@pytest.mark.parametrize(
    "path", ["/", "/a", "a/", "a//b", ".", "a/..", "../a", "a/./b", "a b", "a%20", "(none)", "a" * 301]
)
def test_paths_that_no_request_has_are_no_base_paths(path: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(BasePath).validate_python(path)


@pytest.mark.parametrize("text", ["storefront", "/prod", "storefront/", "Storefront/prod", "a/b/c"])
def test_a_mapping_names_an_api_and_a_stage(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(StageOfApi).validate_python(text)


def test_a_domain_maps_something() -> None:
    with pytest.raises(ValidationError):
        DomainPart.model_validate({"mappings": {}})
    assert DomainPart.model_validate({"mappings": {"": "a/b"}}).mappings == {"": "a/b"}
