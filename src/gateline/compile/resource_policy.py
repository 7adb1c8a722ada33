"""Resource policies: who may call an API at all, judged by the script before authorizers (api-gateway.md section 17).

Callers have no Amazon credentials here, so each is the anonymous one: a statement for other principals says nothing
about it. The rest is a policy as authorizers answer it, and is judged by the same code.
"""

from __future__ import annotations

import json

from gateline.authorizers.element import AnswerInvalid
from gateline.authorizers.policy import Policy, read_policy
from gateline.authorizers.wire import encode
from gateline.model import codes
from gateline.model.arn import stage_arn
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge
from gateline.model.rest_api import RestApi

_SHORT = "execute-api:/"
_KEY = "x-amazon-apigateway-policy"
_NOBODY = "1:11:D1:01:11:*1:0"
"""One statement: Deny, everything, without a condition."""


def resource_policy(api: RestApi, edge: Edge) -> str:
    """The API's policy as `policy.lua` reads it, "" when there is none; one that cannot be judged denies all."""
    try:
        return _encoded(api, edge)
    except AnswerInvalid:
        return _NOBODY


def _encoded(api: RestApi, edge: Edge) -> str:
    if not api.policy:
        return ""
    document = json.loads(api.policy)
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    read = [_for_anybody(each, index, api, edge) for index, each in enumerate(listed)]
    kept = [each for each in read if each is not None]
    if read and not kept:
        return encode(Policy(statements=())).decode()
    return encode(read_policy(document | {"Statement": kept}, _KEY)).decode()


def check_resource_policy(api: RestApi, edge: Edge, complaints: Complaints) -> None:
    """Complain about a policy that cannot be judged: the API must not be served."""
    try:
        _encoded(api, edge)
    except AnswerInvalid as problem:
        complaints.add(
            codes.RESOURCE_POLICY_INVALID,
            api.origin.child(_KEY),
            f"the resource policy cannot be judged: {problem}",
            help="An API with a policy is never served without it.",
        )


def _for_anybody(statement: object, index: int, api: RestApi, edge: Edge) -> dict[str, object] | None:
    """A statement without its principals; None when it is not for the anonymous caller."""
    where = f"{_KEY}.Statement[{index}]"
    if not isinstance(statement, dict):
        raise AnswerInvalid(f"{where}: expected an object")
    block = dict(statement)
    if ("Principal" in block) == ("NotPrincipal" in block):
        raise AnswerInvalid(f"{where}: expected either Principal or NotPrincipal")
    if "NotPrincipal" in block:
        if block.get("Effect") != "Deny":
            raise AnswerInvalid(f"{where}: NotPrincipal stands only with Deny")
        applies = not _is_anybody(block.pop("NotPrincipal"))
    else:
        applies = _is_anybody(block.pop("Principal"))
    for name in ("Resource", "NotResource"):
        if name in block:
            block[name] = _expanded(block[name], api, edge)
    return block if applies else None


def _is_anybody(principal: object) -> bool:
    if isinstance(principal, dict):
        return any(_is_anybody(each) for kind, each in principal.items() if kind == "AWS")
    return "*" in principal if isinstance(principal, list) else principal == "*"


def _expanded(resource: object, api: RestApi, edge: Edge) -> object:
    """`execute-api:/stage/GET/path` stands for the ARN of this API."""
    if isinstance(resource, list):
        return [_expanded(each, api, edge) for each in resource]
    if not isinstance(resource, str) or not resource.startswith(_SHORT):
        return resource
    begin = stage_arn(account=edge.account_id, region=edge.region, api=api.api_id, stage="")
    return begin.removesuffix("/") + resource.removeprefix(_SHORT)
