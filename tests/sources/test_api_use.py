"""What an API uses is gathered once for each API that was read."""

from __future__ import annotations

from dataclasses import replace

from gateline.model.authorizer import Authorization
from gateline.model.integration import ConnectionType, Integration, IntegrationKind
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, PathTemplate, RestApi
from gateline.sources.api_use import Uses, api_use

HERE = Origin("api.yaml")


def method(uri: str, link: str = "") -> Method:
    integration = Integration(
        kind=IntegrationKind.HTTP_PROXY,
        uri=uri,
        connection_type=ConnectionType.VPC_LINK if link else ConnectionType.INTERNET,
        connection_id=link,
        origin=HERE.child("integration"),
    )
    return Method(
        path=PathTemplate("/", ()),
        http_method="GET",
        integration=integration,
        authorization=Authorization(origin=HERE),
        origin=HERE,
    )


def rest_api(*methods: Method) -> RestApi:
    return RestApi(name="one", api_id="one", methods=methods, origin=HERE)


def test_a_variable_counts_its_places_and_remembers_the_first() -> None:
    use = api_use(
        rest_api(method("http://${stageVariables.host}/a"), method("http://${stageVariables.host}/b"))
    )
    assert {name: places.count for name, places in use.variables.items()} == {"host": 2}
    assert use.variables["host"].first == HERE.child("integration").child("uri")


def test_links_and_hosts_are_told_once() -> None:
    use = api_use(
        rest_api(*(method(uri, "link") for uri in "ab"), *(method(f"http://h.test/{x}") for x in "ab"))
    )
    assert list(use.links) == ["link"]
    assert use.beginnings == {"http://h.test"}


def test_the_same_api_is_looked_through_once_and_another_one_again() -> None:
    uses, api = Uses(), rest_api(method("http://h.test/"))
    assert uses.of(api) is uses.of(api)
    assert uses.of(replace(api)) is not uses.of(api)


def test_a_template_uses_variables_and_not_the_methods_of_their_map() -> None:
    text = "$stageVariables.a ${stageVariables.b} $stageVariables['c'] $!stageVariables.get('d')"
    text += "#foreach($key in $stageVariables.keySet())$stageVariables.get($key)#end"
    asked = method("http://h.test/")
    templated = replace(
        asked, integration=replace(asked.integration, request_templates=(("application/json", text),))
    )
    assert list(api_use(rest_api(templated)).variables) == ["a", "b", "c", "d"]
