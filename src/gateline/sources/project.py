"""The project file's models: DESIGN section 3, as far as this version goes.

These models give types, limits, descriptions and the JSON Schema of `gateline schema`; `validation` turns
what they refuse into diagnostics. Values are strict: a YAML number is no text. Keys that arrive with later
versions are listed in LATER, so that they are told apart from mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from gateline.sources.project_assertion import AssertionPart, AssertionsPart
from gateline.sources.project_balancer import LoadBalancerPart
from gateline.sources.project_client_address import ProxyNetwork
from gateline.sources.project_client_certificate import ClientCertificateName, ClientCertificatePart
from gateline.sources.project_discovery import NameServers
from gateline.sources.project_domain import DomainName, DomainPart
from gateline.sources.project_function import FunctionPart
from gateline.sources.project_part import Part, TlsPart, misfit
from gateline.sources.project_secret import SecretPart
from gateline.sources.project_service import ServicePart
from gateline.sources.project_target_group import TargetGroupPart
from gateline.sources.project_target_type import Zone
from gateline.sources.project_tunnel import TUNNEL, LinksPart, TunnelName, TunnelPart
from gateline.sources.project_usage import (
    MethodKey,
    MethodSettingPart,
    PlanName,
    ThrottlePart,
    UsagePlanPart,
    split_method_key,
)
from gateline.sources.project_values import (
    AccountId,
    Address,
    ApiId,
    ApiName,
    AwsService,
    BalancerName,
    FilePath,
    Flag,
    FunctionName,
    FunctionUrl,
    HostName,
    LinkName,
    LinkTarget,
    Number,
    ProjectName,
    Region,
    ResourceName,
    SecretName,
    StageName,
    SubstitutionName,
    VariableName,
    VariableValue,
    Workers,
)

MAX_STAGE_VARIABLES = 100  # per stage: reference/api-gateway.md section 1


class AdminPart(Part):
    """Where `gateline serve` answers /livez and /readyz, for whoever watches it."""

    address: Address = Field(default="127.0.0.1", description="The IP address to listen on.")
    port: Number = Field(default=9901, ge=1, le=65535, description="The port to listen on.")


class DrainPart(Part):
    """How serving ends."""

    delay_seconds: Number = Field(
        default=0,
        ge=0,
        le=3600,
        description="How long requests are still taken after /readyz says no, for balancers in front to see it.",
    )
    timeout_seconds: Number = Field(
        default=10, ge=0, le=3600, description="How long requests in flight may take to end after that."
    )


class AwsPart(Part):
    """How AWS services are reached."""

    endpoints: dict[AwsService, FunctionUrl] = Field(
        default_factory=dict,
        description='URLs that stand in for Amazon\'s, by service, such as sqs; "*" is for all others.',
    )


class GatewayPart(Part):
    """Where clients come in."""

    address: Address = Field(
        default="127.0.0.1", description="The IP address to listen on; 0.0.0.0 serves other machines."
    )
    port: Number = Field(
        default=8080, ge=0, le=65535, description="The port to listen on; 0 picks a free one."
    )
    workers: Workers = Field(
        default=None,
        description="Envoy's worker threads; auto is as many as the processors that the cgroup allows.",
    )
    tls: TlsPart | None = Field(
        default=None, description="Serve HTTPS with these files, or with {self_signed: true}."
    )
    hosts: tuple[HostName, ...] = Field(default=(), description="Further Host names that reach default_api.")
    default_api: str = Field(
        default="",
        description="The API that loopback names and IP literals reach; the only API if there is one.",
    )
    paths: Literal["strict", "aws"] = Field(
        default="strict",
        description="strict refuses odd paths that would select another route and identities sent twice; aws does not.",
    )
    trusted_hops: Number = Field(
        default=0, ge=0, le=64, description="How many proxies in front are believed in X-Forwarded-For."
    )
    proxy_protocol: Flag = Field(
        default=False,
        description="Connections begin with a PROXY header (version 1 or 2), which tells the client's address; without "
        "it they are closed.",
    )
    trusted_proxies: tuple[ProxyNetwork, ...] = Field(
        default=(),
        description="Networks of the proxies in front, who are believed in X-Forwarded-For and PROXY headers.",
    )
    account_id: AccountId = Field(
        default="123456789012", description="The AWS account id in ARNs: 12 digits, in quotes."
    )
    region: Region = Field(default="us-east-1", description="The AWS region in ARNs.")
    resolver: NameServers = Field(
        default=(),
        max_length=8,
        description="Name servers to ask, address or address:port, and them alone; default: as this machine does.",
    )
    admin: AdminPart | None = Field(
        default=None, description="Where gateline serve answers /livez and /readyz; default: nowhere."
    )
    drain: DrainPart | None = Field(default=None, description="How serving ends.")
    aws: AwsPart | None = Field(default=None, description="How integrations reach AWS services.")
    links: LinksPart | None = Field(default=None, description="Where nodes of tunnels dial in.")
    availability_zone: Zone = Field(
        default="",
        description="Where this gateway runs: its network balancers leave out targets of other zones.",
    )

    @model_validator(mode="after")
    def _proxies_are_counted_or_named(self) -> Self:
        if self.trusted_hops and self.trusted_proxies:
            raise misfit("trusted_hops counts the proxies in front and trusted_proxies names them: write one")
        return self


class StagePart(Part):
    """A stage of an API."""

    LATER: ClassVar[frozenset[str]] = frozenset({"access_log", "canary", "cache"})

    variables: dict[VariableName, VariableValue] = Field(
        default_factory=dict,
        max_length=MAX_STAGE_VARIABLES,
        description="Stage variables, for ${stageVariables.NAME} in the definition.",
    )
    throttle: ThrottlePart | None = Field(
        default=None,
        description="How often each method may be called by all clients together, that has no throttle of its own.",
    )
    method_settings: dict[MethodKey, MethodSettingPart] = Field(
        default_factory=dict, description="Settings by /PATH/VERB; */* is for all methods."
    )
    assertion: AssertionPart | None = Field(
        default=None, description="The signed assertions that requests carry to services; default: none."
    )

    client_certificate: ClientCertificateName | None = Field(
        default=None,
        description="The client certificate that every server is shown to which this stage speaks TLS.",
    )

    @model_validator(mode="after")
    def _one_throttle_for_all(self) -> Self:
        if self.throttle is not None and self.throttle_of_all is not None:
            raise misfit("throttle and the throttle of method_settings */* say the same: leave one out")
        return self

    @property
    def throttle_of_all(self) -> ThrottlePart | None:
        """What `*/*` of the method settings says."""
        found = (part for key, part in self.method_settings.items() if split_method_key(key)[1] == "*")
        return next((part.throttle for part in found), None)


class ApiPart(Part):
    """A REST API."""

    definition: FilePath = Field(
        description="The API's Swagger 2.0, OpenAPI 3.0 or 3.1 document, JSON or YAML."
    )
    id: ApiId = Field(
        default="", description="The API id in ARNs, when it must equal Amazon's; default: the API's name."
    )
    basepath: Literal["ignore", "prepend", "split"] = Field(
        default="ignore", description="What to do with the document's base path, as on import to API Gateway."
    )
    execute_api_endpoint: Flag | None = Field(
        default=None,
        description="Answer at NAME.localhost and NAME.execute-api.*; default: as the definition says, else true "
        "unless a domain maps the API.",
    )
    substitutions: dict[SubstitutionName, str] = Field(
        default_factory=dict,
        description="Values for ${NAME}, {Ref: NAME} and {Fn::Sub: ...} in the definition.",
    )
    stages: dict[StageName, StagePart] = Field(
        default_factory=dict, description="The API's stages by name; without any there is one stage, dev."
    )


def _as_list(value: object) -> object:
    """`target: host:port` and `target: NAME` are short for a list of one; a tunnel becomes `tunnel:NAME`."""
    if isinstance(value, Mapping) and value.keys() == {"tunnel"} and isinstance(value["tunnel"], str):
        return (TUNNEL + value["tunnel"],)
    return (value,) if isinstance(value, str) else value


class VpcLinkPart(Part):
    """A VPC link: the load balancer or the private addresses that integrations reach through it."""

    target: Annotated[
        tuple[LinkTarget, ...],
        BeforeValidator(_as_list),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    {
                        "type": "object",
                        "patternProperties": {"^(?:tunnel)$": {"type": "string"}},
                        "required": ["tunnel"],
                        "additionalProperties": False,
                    },
                ]
            }
        ),
    ] = Field(
        min_length=1,
        description="The name of a load balancer; or {tunnel: NAME}, of whose exports the integration's host and port "
        "are one; or a host:port, or a list of them, resolved again and again.",
    )

    @model_validator(mode="after")
    def _one_balancer_or_addresses(self) -> Self:
        if len(self.target) > 1 and any(":" not in text for text in self.target):
            raise misfit("target is the name of one load balancer, or a list of host:port")
        return self


class ProjectFile(Part):
    """gateline.yaml: what Gateline runs."""

    name: ProjectName = Field(default="", description="The project's name; default: the name of its folder.")
    gateway: GatewayPart | None = Field(default=None, description="Where clients come in.")
    apis: dict[ApiName, ApiPart] = Field(
        default_factory=dict, description="The REST APIs by name; a project of load balancers needs none."
    )
    secrets: dict[SecretName, SecretPart] = Field(
        default_factory=dict,
        description="Secrets by name: ${NAME} in a literal of integration.request.header.* of a definition.",
    )
    client_certificates: dict[ClientCertificateName, ClientCertificatePart] = Field(
        default_factory=dict, description="Client certificates by name: who the gateway is to services."
    )
    vpc_links: dict[LinkName, VpcLinkPart] = Field(
        default_factory=dict, description="VPC links by the connectionId that definitions name."
    )
    load_balancers: dict[BalancerName, LoadBalancerPart] = Field(
        default_factory=dict, description="Load balancers by the name that VPC links say."
    )
    target_groups: dict[ResourceName, TargetGroupPart] = Field(
        default_factory=dict, description="Target groups by the name that actions of listeners say."
    )
    services: dict[ResourceName, ServicePart] = Field(
        default_factory=dict, description="Services by name: programs that Gateline keeps running."
    )
    domains: dict[DomainName, DomainPart] = Field(
        default_factory=dict, description="Custom domains by their host name."
    )
    functions: dict[FunctionName, FunctionPart] = Field(
        default_factory=dict,
        description="Functions by the name at the end of the ARN that definitions name, or by name:alias.",
    )
    usage_plans: dict[PlanName, UsagePlanPart] = Field(
        default_factory=dict, description="Usage plans by name: API keys, what they open, and how often."
    )
    assertions: AssertionsPart | None = Field(
        default=None, description="The keys that sign the assertions of stages."
    )
    tunnels: dict[TunnelName, TunnelPart] = Field(
        default_factory=dict, description="Tunnels by name: ways to private networks that nodes there open."
    )
    include: tuple[str, ...] = Field(
        default=(), description="Files to merge into this one; patterns such as services/*.yaml are allowed."
    )

    @model_validator(mode="after")
    def _clients_come_in(self) -> Self:
        if not self.apis and not self.load_balancers:
            raise PydanticCustomError("nobody_comes_in", "the project file has no 'apis'")
        return self


def settings(project: ProjectFile) -> GatewayPart:
    """The gateway's settings; the defaults when the file says nothing about them."""
    return project.gateway if project.gateway is not None else GatewayPart()
