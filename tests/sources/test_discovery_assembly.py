from __future__ import annotations

from pathlib import Path

from gateline.model.discovery import (
    AwsPlace,
    DnsHost,
    DnsService,
    DockerContainers,
    EcsTasks,
    Source,
    TargetFile,
)

from .balancers import Json, gateway_of, project
from .conftest import LoadProject


def source_of(load_project: LoadProject, discover: Json) -> Source | None:
    (group,) = gateway_of(
        load_project, project(target_groups={"orders": {"discover": discover}})
    ).target_groups
    return group.discover


def test_a_file_is_named_from_where_it_is_written(load_project: LoadProject, tmp_path: Path) -> None:
    found = source_of(load_project, {"file": "run/targets"})
    assert isinstance(found, TargetFile)
    assert found.path == str(tmp_path / "run" / "targets")


def test_dns_is_asked_for_addresses_or_for_services(load_project: LoadProject) -> None:
    found = source_of(load_project, {"dns": {"name": "Orders.internal", "port": 8080}})
    assert found is not None
    assert found == DnsHost(name="orders.internal", port=8080, origin=found.origin)
    found = source_of(load_project, {"dns": {"srv": "_http._tcp.orders.internal"}})
    assert found is not None
    assert found == DnsService(name="_http._tcp.orders.internal", origin=found.origin)


def test_ecs_is_asked_in_the_gateways_region_at_the_projects_endpoints(load_project: LoadProject) -> None:
    gateway = {
        "region": "eu-west-1",
        "aws": {"endpoints": {"ecs": "http://127.0.0.1:9", "*": "http://127.0.0.1:8"}},
    }

    def asked(**ecs: object) -> EcsTasks:
        group = {"discover": {"ecs": {"cluster": "shop", "service": "web", **ecs}}}
        (made,) = gateway_of(
            load_project, project(target_groups={"orders": group}, gateway=gateway)
        ).target_groups
        assert isinstance(made.discover, EcsTasks)
        return made.discover

    found = asked(container_name="app", container_port=8080)
    assert (found.cluster, found.service, found.container_name, found.container_port) == (
        "shop",
        "web",
        "app",
        8080,
    )
    assert found.place == AwsPlace(
        region="eu-west-1", endpoints=(("ecs", "http://127.0.0.1:9"), ("", "http://127.0.0.1:8"))
    )
    other = asked(region="us-east-2", endpoint="http://127.0.0.1:7")
    assert other.place == AwsPlace(region="us-east-2", endpoints=(("", "http://127.0.0.1:7"),))


def test_a_docker_engine_is_asked_for_labels(load_project: LoadProject) -> None:
    found = source_of(
        load_project, {"docker": {"labels": {"app": "web", "green": ""}, "port": 80, "network": "back"}}
    )
    assert isinstance(found, DockerContainers)
    assert found.labels == (("app", "web"), ("green", ""))
    assert (found.port, found.network, found.socket) == (80, "back", "/var/run/docker.sock")


def test_name_servers_of_the_project_arrive(load_project: LoadProject) -> None:
    written = project(gateway={"resolver": ["10.0.0.2", "127.0.0.1:8600"]})
    assert gateway_of(load_project, written).resolvers == (("10.0.0.2", 53), ("127.0.0.1", 8600))


def test_a_file_that_is_not_there_yet_is_a_warning(load_project: LoadProject) -> None:
    loaded = load_project(project(target_groups={"orders": {"discover": {"file": "later"}}}), checking=True)
    told = {each.code.name: each.severity for each in loaded.report.diagnostics}
    assert told["GL277"] == "warning"
