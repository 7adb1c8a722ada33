from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.domain import BasePathMapping, Domain
from gateline.model.gateway import Edge, Gateway, SelfSigned
from gateline.model.load_balancer import Listener, ListenerProtocol, LoadBalancer, Scheme
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.runtime.ready import Running, base_url, domain_urls, remove, stage_urls, write

PLACE = Origin("gateline.yaml")
EDGE = Edge(default_api="orders", port=8080, origin=PLACE)
GATEWAY = Gateway(
    name="shop",
    edge=EDGE,
    apis=tuple(
        RestApi(name=name, api_id=name, stages=(Stage(name="prod", origin=PLACE),), origin=PLACE)
        for name in ("orders", "users")
    ),
    origin=PLACE,
)


def test_the_ready_file_tells_where_and_who(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write(path, GATEWAY, Running(pids={"gateline": 1, "envoy": 2}))
    assert json.loads(path.read_text()) == {
        "url": "http://127.0.0.1:8080",
        "apis": {
            "orders": {"prod": "http://127.0.0.1:8080/prod"},
            "users": {"prod": "http://127.0.0.1:8080/restapis/users/prod/_user_request_"},
        },
        "balancers": {},
        "pids": {"gateline": 1, "envoy": 2},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tasks_are_told_below_the_processes_and_services_without_a_healthy_one_beside_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ready.json"
    write(path, GATEWAY, Running(pids={"gateline": 1}, tasks={"orders/1": 7}, degraded=("orders",)))
    told = json.loads(path.read_text())
    assert told["pids"] == {"gateline": 1, "tasks": {"orders/1": 7}}
    assert told["degraded"] == ["orders"]


def test_balancers_of_the_internet_are_told_by_name_and_port(tmp_path: Path) -> None:
    def listener(protocol: ListenerProtocol, port: int, address: str, bind_port: int) -> Listener:
        return Listener(
            protocol=protocol, port=port, address=address, bind_port=bind_port, rules=(), origin=PLACE
        )

    open_one = LoadBalancer(
        name="public",
        scheme=Scheme.INTERNET_FACING,
        listeners=(
            listener(ListenerProtocol.HTTP, 80, "0.0.0.0", 8081),
            listener(ListenerProtocol.TCP, 5432, "::1", 5433),
        ),
        origin=PLACE,
    )
    hidden = LoadBalancer(
        name="internal", listeners=(listener(ListenerProtocol.HTTP, 80, "", 0),), origin=PLACE
    )
    write(tmp_path / "r", replace(GATEWAY, load_balancers=(open_one, hidden)), Running(pids={}))
    assert json.loads((tmp_path / "r").read_text())["balancers"] == {
        "public": {"80": "http://127.0.0.1:8081", "5432": "tcp://[::1]:5433"}
    }


def test_a_ready_file_that_says_the_same_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write(path, GATEWAY, Running(pids={"gateline": 1}))
    before = path.stat()
    write(path, GATEWAY, Running(pids={"gateline": 1}))
    assert path.stat() == before
    write(path, GATEWAY, Running(pids={"gateline": 2}))
    assert json.loads(path.read_text())["pids"] == {"gateline": 2}


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("localhost", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("10.0.0.5", "http://10.0.0.5:8080"),
    ],
)
def test_the_url_is_one_that_this_machine_reaches(address: str, url: str) -> None:
    assert base_url(replace(GATEWAY, edge=replace(EDGE, address=address))) == url


def test_with_tls_the_url_says_so() -> None:
    assert (
        base_url(replace(GATEWAY, edge=replace(EDGE, tls=SelfSigned(origin=PLACE))))
        == "https://127.0.0.1:8080"
    )


def test_apis_that_are_not_the_default_are_reached_by_name_where_others_may_listen() -> None:
    urls = stage_urls(replace(GATEWAY, edge=replace(EDGE, address="0.0.0.0")))
    assert urls["users"] == {"prod": "http://users.localhost:8080/prod"}


def domain(name: str, mappings: dict[str, str], certificate: str = "") -> Domain:
    return Domain(
        name=name,
        certificate=certificate,
        mappings=tuple(
            BasePathMapping(base_path=path, api=api, stage="prod", origin=PLACE)
            for path, api in mappings.items()
        ),
        origin=PLACE,
    )


def test_domains_are_told_with_their_base_paths_and_do_not_move_the_apis() -> None:
    both = replace(GATEWAY, domains=(domain("api.example.com", {"": "orders", "u/v2": "users"}),))
    assert [(url, f"{to.api}/{to.stage}") for url, to in domain_urls(both)] == [
        ("http://api.example.com:8080", "orders/prod"),
        ("http://api.example.com:8080/u/v2", "users/prod"),
    ]
    assert stage_urls(both) == stage_urls(GATEWAY)


def test_a_domain_with_a_certificate_makes_every_url_speak_tls() -> None:
    secure = replace(GATEWAY, domains=(domain("api.example.com", {"": "orders"}, "certificate"),))
    assert [url for url, _ in domain_urls(secure)] == ["https://api.example.com:8080"]
    assert base_url(secure) == "https://127.0.0.1:8080"


def test_an_api_whose_own_endpoint_is_closed_is_told_where_a_domain_reaches_it() -> None:
    closed = tuple(replace(api, execute_api_endpoint=False) for api in GATEWAY.apis)
    domains = (
        domain("*.example.com", {"": "users"}),
        domain("api.example.com", {"u": "users", "": "orders"}),
    )
    urls = stage_urls(replace(GATEWAY, apis=closed, domains=domains))
    assert urls == {
        "orders": {"prod": "http://127.0.0.1:8080/prod"},
        "users": {"prod": "http://api.example.com:8080/u"},
    }


def test_removing_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.touch()
    remove(path)
    remove(path)
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        GatelineError, match=r"the ready file .* cannot be written: No such file or directory"
    ):
        write(tmp_path / "none" / "ready.json", GATEWAY, Running(pids={}))
    (tmp_path / "folder").mkdir()
    with pytest.raises(GatelineError, match="cannot be written"):
        remove(tmp_path / "folder")
