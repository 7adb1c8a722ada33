"""Amazon ECS as its API reference documents it, as far as whoever looks for tasks asks it; over HTTP, JSON 1.1.

For what moto's ECS, which starts no containers, does not say; `moto_cluster.py` lists it. Answers have the fields of
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html and its neighbours.

    with FakeEcs() as ecs:
        ecs.definitions["web:1"] = definition("awsvpc", container("web", 80))
        ecs.tasks = [task("t1", "web:1", address="10.0.0.1")]
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

PAGE: Final = 100
ACCOUNT: Final = "arn:aws:ecs:eu-west-1:123456789012"

Json = dict[str, Any]


def container(name: str, *ports: int, checked: bool = False) -> Json:
    """A container of a task definition."""
    made: Json = {
        "name": name,
        "portMappings": [{"containerPort": each, "protocol": "tcp"} for each in ports],
    }
    return made | ({"healthCheck": {"command": ["CMD", "true"]}} if checked else {})


def definition(network_mode: str, *containers: Json) -> Json:
    """A task definition."""
    return {
        "family": "web",
        "revision": 1,
        "networkMode": network_mode,
        "containerDefinitions": list(containers),
    }


def task(
    name: str,
    of: str,
    *,
    container: str = "web",
    address: str = "",
    attached: str = "",
    bound: Mapping[int, int] | None = None,
    instance: str = "",
    status: str = "RUNNING",
    desired: str = "RUNNING",
    health: str = "UNKNOWN",
) -> Json:
    """A task: at an address of its own (told by its container, or by its attachment), or at ports of an instance."""
    inside: Json = {
        "name": container,
        "lastStatus": status,
        "healthStatus": health,
        "networkBindings": [
            {"bindIP": "0.0.0.0", "containerPort": inner, "hostPort": outer, "protocol": "tcp"}
            for inner, outer in (bound or {}).items()
        ],
        "networkInterfaces": [{"attachmentId": "a", "privateIpv4Address": address}] if address else [],
    }
    attachment = {
        "id": "a",
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [
            {"name": "subnetId", "value": "subnet-1"},
            {"name": "privateIPv4Address", "value": attached},
        ],
    }
    made: Json = {
        "taskArn": f"{ACCOUNT}:task/shop/{name}",
        "taskDefinitionArn": f"{ACCOUNT}:task-definition/{of}",
        "lastStatus": status,
        "desiredStatus": desired,
        "healthStatus": health,
        "attachments": [attachment] if attached else [],
        "containers": [inside],
    }
    return made | (
        {"containerInstanceArn": f"{ACCOUNT}:container-instance/shop/{instance}"} if instance else {}
    )


class FakeEcs:
    """ECS of one cluster with one service.

    Attributes:
        tasks: those that there are.
        definitions: task definitions by `family:revision`.
        instances: EC2 ids by the last part of a container instance's ARN.
        failing: the code of the error that every call is answered with; "": none.
        asked: the calls, by name.

    """

    def __init__(self) -> None:
        self.tasks: list[Json] = []
        self.definitions: dict[str, Json] = {}
        self.instances: dict[str, str] = {}
        self.failing = ""
        self.asked: list[str] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: str, asked: Json) -> tuple[int, Json]:
        """The status and body of an answer."""
        self.asked.append(call)
        if self.failing:
            return 400, {"__type": self.failing, "message": "AKIDSECRETWORDS"}
        match call:
            case "ListTasks":
                assert asked["desiredStatus"] == "RUNNING"
                if (asked["cluster"], asked["serviceName"]) != ("shop", "web"):
                    return 400, {"__type": "ServiceNotFoundException", "message": "Service not found."}
                arns = [each["taskArn"] for each in self.tasks if each["desiredStatus"] == "RUNNING"]
                start = int(asked.get("nextToken", 0))
                rest = {"nextToken": str(start + PAGE)} if len(arns) > start + PAGE else {}
                return 200, {"taskArns": arns[start : start + PAGE], **rest}
            case "DescribeTasks":
                if len(asked["tasks"]) > PAGE:
                    return 400, {"__type": "InvalidParameterException", "message": "too many"}
                found = [each for each in self.tasks if each["taskArn"] in asked["tasks"]]
                return 200, {"tasks": found, "failures": []}
            case "DescribeTaskDefinition":
                return 200, {"taskDefinition": self.definitions[asked["taskDefinition"].rpartition("/")[2]]}
            case "DescribeContainerInstances":
                arns = asked["containerInstances"]
                return 200, {
                    "containerInstances": [
                        {
                            "containerInstanceArn": each,
                            "ec2InstanceId": self.instances[each.rpartition("/")[2]],
                        }
                        for each in arns
                    ],
                    "failures": [],
                }
            case _:
                return 400, {"__type": "InvalidAction", "message": call}

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                call = self.headers["X-Amz-Target"].rpartition(".")[2]
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, told = fake.answer(call, asked)
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
