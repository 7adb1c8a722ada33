"""A cluster of Amazon ECS at moto: real task definitions, tasks, network interfaces and EC2 instances behind real APIs.

What moto 5.2 does not say, `fake_ecs.py` says: network bindings (so ports that a bridge chose), interfaces of
containers (a task's attachment tells the address), other states of health than HEALTHY, states of tasks between,
containers behind a definition's first, pages, limits and faults. It lists all tasks of a cluster, of whichever service.

    with fake_aws() as url, MotoCluster(url, "shop") as shop:
        shop.define("web", "awsvpc", 8080)
        [one] = shop.run("web")
"""

from __future__ import annotations

import importlib
import json
import urllib.request
from types import TracebackType
from typing import Any, Final, Self

REGION: Final = "eu-west-1"


class MotoCluster:
    """A cluster in a network of its own, 127.0.0.0/16: its instances are where a test can serve.

    Args:
        url: moto's server.
        name: of the cluster; none may be a part of another's.

    """

    def __init__(self, url: str, name: str) -> None:
        boto3 = importlib.import_module("boto3")
        self.url = url
        self.name = name
        keys = {"aws_access_key_id": "AKIDOFMOTO", "aws_secret_access_key": "example"}
        self.ecs: Any = boto3.client("ecs", region_name=REGION, endpoint_url=url, **keys)
        self.ec2: Any = boto3.client("ec2", region_name=REGION, endpoint_url=url, **keys)

    def __enter__(self) -> Self:
        _let_tasks_run(self.url)
        vpc = self.ec2.create_vpc(CidrBlock="127.0.0.0/16")["Vpc"]["VpcId"]
        # Without names of hosts moto's RunTask fails at its network interface, which then has none: 500.
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self._subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="127.0.0.0/24")["Subnet"]["SubnetId"]
        made = self.ec2.create_security_group(GroupName=self.name, Description=self.name, VpcId=vpc)
        self._security_group = made["GroupId"]
        self.ecs.create_cluster(clusterName=self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ecs.close()
        self.ec2.close()

    def define(self, family: str, network_mode: str, port: int) -> None:
        """Register a task definition with one container, `web`, at a port."""
        container = {"name": "web", "image": "web", "memory": 1, "portMappings": [{"containerPort": port}]}
        self.ecs.register_task_definition(
            family=family, networkMode=network_mode, containerDefinitions=[container]
        )

    def add_instance(self, address: str) -> str:
        """An EC2 instance that joins the cluster: the container instance's ARN."""
        instance = self.ec2.run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=self._subnet, PrivateIpAddress=address
        )["Instances"][0]["InstanceId"]
        joined = self.ecs.register_container_instance(
            cluster=self.name,
            instanceIdentityDocument=json.dumps({"instanceId": instance, "region": REGION}),
        )
        return str(joined["containerInstance"]["containerInstanceArn"])

    def run(self, family: str, count: int = 1) -> list[str]:
        """Run tasks on Fargate, of an `awsvpc` definition: their ARNs."""
        network = {"subnets": [self._subnet], "securityGroups": [self._security_group]}
        made = self.ecs.run_task(
            cluster=self.name,
            taskDefinition=family,
            launchType="FARGATE",
            count=count,
            networkConfiguration={"awsvpcConfiguration": network},
        )
        return [each["taskArn"] for each in made["tasks"]]

    def start(self, family: str, container_instance: str) -> str:
        """Run a task on an instance: its ARN."""
        made = self.ecs.start_task(
            cluster=self.name, taskDefinition=family, containerInstances=[container_instance]
        )
        return str(made["tasks"][0]["taskArn"])

    def stop(self, task: str) -> None:
        """Stop a task."""
        self.ecs.stop_task(cluster=self.name, task=task)

    def addresses(self) -> dict[str, str]:
        """The private addresses of tasks with network interfaces of their own, by ARN, as EC2 knows them."""
        arns = self.ecs.list_tasks(cluster=self.name)["taskArns"]
        interfaces = {
            task["taskArn"]: detail["value"]
            for task in self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]
            for attachment in task["attachments"]
            for detail in attachment["details"]
            if detail["name"] == "networkInterfaceId"
        }
        told = self.ec2.describe_network_interfaces(NetworkInterfaceIds=sorted(interfaces.values()))
        known = {each["NetworkInterfaceId"]: each["PrivateIpAddress"] for each in told["NetworkInterfaces"]}
        return {arn: known[interface] for arn, interface in interfaces.items()}


def _let_tasks_run(url: str) -> None:
    """Moto moves a task on toward its end with every look at it; let it stay as it is."""
    wanted = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1_000_000}}
    asked = urllib.request.Request(
        f"{url}/moto-api/state-manager/set-transition", data=json.dumps(wanted).encode(), method="POST"
    )
    with urllib.request.urlopen(asked) as answer:
        answer.read()
