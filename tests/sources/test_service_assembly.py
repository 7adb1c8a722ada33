from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateline.model.origin import Origin
from gateline.model.service import CircuitBreaker, SchedulingStrategy, Service, ThresholdType

from .balancers import errors_of, gateway_of, project
from .conftest import LoadProject, said


def test_every_setting_of_a_service_arrives(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    written = {
        "command": ["orders", "--port", "{port}"],
        "cwd": "work",
        "desired_count": 0,
        "target_group": "web",
        "environment": {"MODE": "${env:A}"},
        "secrets": {"PROOF": "Proof"},
        "secret_files": {"PROOF_FILE": "Proof"},
        "stop_timeout_seconds": 5,
        "health_check_grace_period_seconds": 7,
        "deployment_configuration": {
            "minimum_healthy_percent": 50,
            "maximum_percent": 150,
            "deployment_circuit_breaker": {
                "enable": True,
                "rollback": True,
                "threshold_configuration": {"type": "COUNT", "value": 7},
            },
            "strategy": "ROLLING",
        },
    }
    text = project(services={"orders": written}, target_groups={"web": {}}, secrets={"Proof": {"env": "A"}})
    gateway = gateway_of(load_project, text)
    assert gateway.services == (
        Service(
            name="orders",
            command=("orders", "--port", "{port}"),
            cwd=str(tmp_path / "work"),
            desired_count=0,
            target_group="web",
            environment=(("MODE", "x"),),
            secrets=(("PROOF", "Proof"),),
            secret_files=(("PROOF_FILE", "Proof"),),
            stop_timeout=timedelta(seconds=5),
            health_check_grace_period=timedelta(seconds=7),
            minimum_healthy_percent=50,
            maximum_percent=150,
            circuit_breaker=CircuitBreaker(
                enable=True, rollback=True, threshold_type=ThresholdType.COUNT, threshold=7
            ),
            origin=Origin("gateline.yaml", ("services", "orders")),
        ),
    )
    assert [group.name for group in gateway.target_groups] == ["web"]


def test_a_service_that_listens_has_a_group_of_its_own_name(
    load_project: LoadProject, tmp_path: Path
) -> None:
    written = {
        "cart": {"command": "cart {socket}"},
        "orders": {"command": "orders {port}"},
        "worker": {"command": "worker"},
    }
    gateway = gateway_of(
        load_project, project(services=written, target_groups={"orders": {"protocol": "TCP"}})
    )
    assert [(service.name, service.target_group) for service in gateway.services] == [
        ("cart", "cart"),
        ("orders", "orders"),
        ("worker", ""),
    ]
    assert [(group.name, group.protocol) for group in gateway.target_groups] == [
        ("orders", "TCP"),
        ("cart", "HTTP"),
    ]
    assert {service.cwd for service in gateway.services} == {str(tmp_path)}


def test_tasks_start_in_the_folder_of_the_file_that_declares_them(
    load_project: LoadProject, tmp_path: Path
) -> None:
    files = {
        "gateline.yaml": "apis: {storefront: {definition: api.json}}\ninclude: [services/*.yaml]",
        "services/orders.yaml": "services: {orders: {command: worker}}",
    }
    loaded = load_project(files)
    assert loaded.gateway is not None
    assert loaded.gateway.services[0].cwd == str(tmp_path / "services")


def test_names_that_lead_nowhere_are_errors(load_project: LoadProject) -> None:
    written = {"command": "x {port}", "target_group": "ordres", "secrets": {"PROOF": "Prof"}}
    text = project(services={"s": written}, target_groups={"orders": {}}, secrets={"Proof": {"env": "A"}})
    loaded = load_project(text, environ={"A": "x"})
    assert errors_of(load_project, text) == [
        "GL323 /services/s/secrets/PROOF: 'Prof' is not declared as a secret",
        "GL226 /services/s/target_group: the target group 'ordres' is not declared",
    ]
    helps = [d.help for d in loaded.report.diagnostics if d.severity == "error"]
    assert helps == ["did you mean 'Proof'?", "did you mean 'orders'?"]


def test_the_health_check_of_tasks_at_sockets_asks_no_port(load_project: LoadProject) -> None:
    groups = {"s": {"health_check": {"port": 9001}}}
    assert errors_of(
        load_project, project(services={"s": {"command": "x {socket}"}}, target_groups=groups)
    ) == ["GL235 /services/s/command: tasks listen at a socket, but the health check of 's' asks port 9001"]
    at_a_port = project(services={"s": {"command": "x {port}"}}, target_groups=groups)
    assert errors_of(load_project, at_a_port) == []


def test_a_worker_is_not_what_a_target_group_waits_for(load_project: LoadProject) -> None:
    misspelt = {"s": {"command": "x {prot}"}}
    assert errors_of(load_project, project(services=misspelt, target_groups={"s": {}})) == [
        (
            "GL235 /services/s/command: the command holds neither {port} nor {socket}, "
            "so the target group 's' gets no targets"
        )
    ]
    elsewhere = {"s": {"targets": ["10.0.0.7:80"]}}
    assert errors_of(load_project, project(services=misspelt, target_groups=elsewhere)) == []


def test_a_folder_that_is_not_there_matters_to_a_start_only(load_project: LoadProject) -> None:
    text = project(services={"s": {"command": "x", "cwd": "none"}})
    assert [line[:5] for line in errors_of(load_project, text)] == ["GL213"]
    checked = load_project(text, checking=True)
    assert checked.report.error_count == 0
    assert "services.s.cwd names none, which is not there" in said(checked)[0]


def test_a_services_environment_is_not_shown(load_project: LoadProject) -> None:
    text = project(services={"s": {"command": "x", "environment": {"MODE": "${env:A}-value"}}})
    (service,) = gateway_of(load_project, text).services
    assert "x-value" not in repr(service)


def test_tasks_that_wait_for_a_proxy_header_are_not_asked_over_http(load_project: LoadProject) -> None:
    group = {"protocol": "TCP", "proxy_protocol_v2": True, "health_check": {"protocol": "HTTP"}}
    text = project(services={"s": {"command": ["x", "{port}"]}}, target_groups={"s": group})
    assert errors_of(load_project, text) == [
        "GL235 /services/s: new tasks are asked over HTTP without the PROXY header that 's' promises"
    ]


def test_tasks_at_a_socket_get_no_datagrams(load_project: LoadProject) -> None:
    text = project(
        services={"s": {"command": ["x", "{socket}"]}}, target_groups={"s": {"protocol": "TCP_UDP"}}
    )
    assert errors_of(load_project, text) == [
        "GL235 /services/s/command: tasks listen at a socket, but datagrams for 's' go to ports"
    ]


def test_a_daemon_is_one_task(load_project: LoadProject) -> None:
    written = {"command": "agent", "scheduling_strategy": "DAEMON"}
    [service] = gateway_of(load_project, project(services={"agent": written})).services
    assert service.scheduling_strategy is SchedulingStrategy.DAEMON
    assert (service.desired_count, service.minimum_healthy_percent, service.maximum_percent) == (1, 0, 100)


def test_nothing_is_rolled_back_unless_it_is_asked_for(load_project: LoadProject) -> None:
    [service] = gateway_of(load_project, project(services={"orders": {"command": "x"}})).services
    assert service.circuit_breaker == CircuitBreaker(enable=False, rollback=False, threshold=50)
