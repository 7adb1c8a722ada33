"""ARNs: of what a request asks for, as policies write it (api-gateway.md section 1), functions, groups, balancers."""

from __future__ import annotations

import hashlib


def method_arn(*, account: str, region: str, api: str, stage: str, verb: str, path: str) -> str:
    """The ARN of a request. `path` is the request's own below the stage; one slash at its end does not count."""
    below = path.removeprefix("/").removesuffix("/")
    return f"{stage_arn(account=account, region=region, api=api, stage=stage)}{verb}/{below}"


def stage_arn(*, account: str, region: str, api: str, stage: str) -> str:
    """What the ARNs of all requests to a stage begin with."""
    return f"arn:{partition(region)}:execute-api:{region}:{account}:{api}/{stage}/"


def function_arn(*, account: str, region: str, function: str) -> str:
    """The ARN under which a function sees itself called."""
    return f"arn:{partition(region)}:lambda:{region}:{account}:function:{function}"


def target_group_arn(*, account: str, region: str, group: str) -> str:
    """The ARN of a target group; Amazon's has 16 hexadecimal digits at its end, and these are always the same."""
    identity = hashlib.sha256(group.encode()).hexdigest()[:16]
    return f"arn:{partition(region)}:elasticloadbalancing:{region}:{account}:targetgroup/{group}/{identity}"


def balancer_id(balancer: str) -> str:
    """What logs call an application balancer: the end of its ARN, with 16 digits that are always the same."""
    return f"app/{balancer}/{hashlib.sha256(balancer.encode()).hexdigest()[:16]}"


def partition(region: str) -> str:
    """Amazon's partition that a region lies in."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def balancer_arn(*, account: str, region: str, balancer: str) -> str:
    """The ARN of an application balancer (load-balancers.md section 1); its last part is the same for the same name."""
    number = hashlib.sha256(f"{region} {account} {balancer}".encode()).hexdigest()[:16]
    return f"arn:{partition(region)}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{balancer}/{number}"
