"""The parts of the reference that the code writes: between `<!-- generated -->` and `<!-- end -->` of a page."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from typer.models import ArgumentInfo, OptionInfo

from docs.markdown import ROOT
from gateline.cli.app import COMMANDS
from gateline.sources.project import (
    AdminPart,
    ApiPart,
    AwsPart,
    DrainPart,
    GatewayPart,
    ProjectFile,
    StagePart,
    VpcLinkPart,
)
from gateline.sources.project_action import (
    ActionPart,
    FixedResponseConfigPart,
    ForwardConfigPart,
    RedirectConfigPart,
    WeightedTargetGroupPart,
)
from gateline.sources.project_assertion import AssertionPart, AssertionsPart
from gateline.sources.project_attributes import AccessLogsPart
from gateline.sources.project_balancer import (
    CertificatePart,
    ListenerPart,
    LoadBalancerPart,
    PassthroughPart,
    RulePart,
)
from gateline.sources.project_client_certificate import ClientCertificatePart, TargetTlsPart
from gateline.sources.project_condition import (
    ConditionPart,
    HttpHeaderConfigPart,
    PatternsPart,
    QueryStringConfigPart,
    QueryValuePart,
    ValuesPart,
)
from gateline.sources.project_deployment import (
    CircuitBreakerPart,
    DeploymentConfigurationPart,
    ThresholdConfigurationPart,
)
from gateline.sources.project_discovery import DiscoverPart, DnsPart
from gateline.sources.project_domain import DomainPart
from gateline.sources.project_function import ConcurrencyPart, FunctionPart
from gateline.sources.project_login import (
    AuthenticateCognitoConfigPart,
    AuthenticateOidcConfigPart,
    ClaimPart,
    JwtValidationConfigPart,
)
from gateline.sources.project_mutual_authentication import MutualAuthenticationPart, TrustStorePart
from gateline.sources.project_part import Part, TlsPart
from gateline.sources.project_schema import project_schema
from gateline.sources.project_secret import ProbePart, SecretPart
from gateline.sources.project_service import ServicePart
from gateline.sources.project_stickiness import StickinessPart, TargetGroupStickinessPart
from gateline.sources.project_target_group import HealthCheckPart, TargetGroupPart
from gateline.sources.project_target_health import (
    DnsFailoverPart,
    MinimumHealthyPart,
    TargetGroupHealthPart,
    UnhealthyStateRoutingPart,
)
from gateline.sources.project_target_type import TargetPart
from gateline.sources.project_transform import RewriteConfigPart, RewritePart, TransformPart
from gateline.sources.project_tunnel import LinksPart, TunnelPart
from gateline.sources.project_usage import (
    KeyPart,
    KeyValuePart,
    MethodSettingPart,
    PlanStagePart,
    QuotaPart,
    ThrottlePart,
    UsagePlanPart,
)

REFERENCE: Final = ROOT / "docs" / "reference"
START: Final = "<!-- generated -->\n"
END: Final = "<!-- end -->\n"

PARTS: Final[tuple[tuple[str, type[Part]], ...]] = (
    ("The file", ProjectFile),
    ("gateway", GatewayPart),
    ("gateway.tls", TlsPart),
    ("gateway.admin", AdminPart),
    ("gateway.drain", DrainPart),
    ("gateway.aws", AwsPart),
    ("gateway.links", LinksPart),
    ("apis.NAME", ApiPart),
    ("apis.NAME.stages.NAME", StagePart),
    ("apis.NAME.stages.NAME.method_settings.NAME", MethodSettingPart),
    ("apis.NAME.stages.NAME.assertion", AssertionPart),
    ("assertions", AssertionsPart),
    ("secrets.NAME", SecretPart),
    ("secrets.NAME.probe", ProbePart),
    ("client_certificates.NAME", ClientCertificatePart),
    ("vpc_links.NAME", VpcLinkPart),
    ("load_balancers.NAME", LoadBalancerPart),
    ("load_balancers.NAME.access_logs", AccessLogsPart),
    ("load_balancers.NAME.listeners[]", ListenerPart),
    ("load_balancers.NAME.listeners[].certificates[]", CertificatePart),
    ("load_balancers.NAME.listeners[].passthrough[]", PassthroughPart),
    ("load_balancers.NAME.listeners[].mutual_authentication", MutualAuthenticationPart),
    ("load_balancers.NAME.listeners[].mutual_authentication.trust_store", TrustStorePart),
    ("load_balancers.NAME.listeners[].rules[]", RulePart),
    ("conditions[]", ConditionPart),
    ("conditions[].host_header_config, path_pattern_config", PatternsPart),
    ("conditions[].http_request_method_config, source_ip_config", ValuesPart),
    ("conditions[].http_header_config", HttpHeaderConfigPart),
    ("conditions[].query_string_config", QueryStringConfigPart),
    ("conditions[].query_string_config.values[]", QueryValuePart),
    ("transforms[]", TransformPart),
    ("transforms[].url_rewrite_config, host_header_rewrite_config", RewriteConfigPart),
    ("transforms[].url_rewrite_config.rewrites[]", RewritePart),
    ("actions[], default_actions[]", ActionPart),
    ("actions[].forward_config", ForwardConfigPart),
    ("actions[].target_groups[]", WeightedTargetGroupPart),
    ("actions[].target_group_stickiness_config", TargetGroupStickinessPart),
    ("actions[].redirect_config", RedirectConfigPart),
    ("actions[].fixed_response_config", FixedResponseConfigPart),
    ("actions[].authenticate_oidc_config", AuthenticateOidcConfigPart),
    ("actions[].authenticate_cognito_config", AuthenticateCognitoConfigPart),
    ("actions[].jwt_validation_config", JwtValidationConfigPart),
    ("actions[].jwt_validation_config.additional_claims[]", ClaimPart),
    ("target_groups.NAME", TargetGroupPart),
    ("target_groups.NAME.stickiness", StickinessPart),
    ("target_groups.NAME.target_group_health", TargetGroupHealthPart),
    ("target_groups.NAME.target_group_health.unhealthy_state_routing", UnhealthyStateRoutingPart),
    (
        "target_groups.NAME.target_group_health.unhealthy_state_routing.minimum_healthy_targets",
        MinimumHealthyPart,
    ),
    ("target_groups.NAME.target_group_health.dns_failover", DnsFailoverPart),
    ("target_groups.NAME.targets[]", TargetPart),
    ("target_groups.NAME.health_check", HealthCheckPart),
    ("target_groups.NAME.discover", DiscoverPart),
    ("target_groups.NAME.discover.dns", DnsPart),
    ("target_groups.NAME.tls", TargetTlsPart),
    ("services.NAME", ServicePart),
    ("services.NAME.deployment_configuration", DeploymentConfigurationPart),
    ("services.NAME.deployment_configuration.deployment_circuit_breaker", CircuitBreakerPart),
    (
        "services.NAME.deployment_configuration.deployment_circuit_breaker.threshold_configuration",
        ThresholdConfigurationPart,
    ),
    ("domains.NAME", DomainPart),
    ("tunnels.NAME", TunnelPart),
    ("functions.NAME", FunctionPart),
    ("functions.NAME.concurrency", ConcurrencyPart),
    ("usage_plans.NAME", UsagePlanPart),
    ("usage_plans.NAME.stages[]", PlanStagePart),
    ("usage_plans.NAME.quota", QuotaPart),
    ("usage_plans.NAME.keys[]", KeyPart),
    ("usage_plans.NAME.keys[].value", KeyValuePart),
    ("throttle, throttle.NAME", ThrottlePart),
)
_MAP_TEXT: Final = "a map"
_PATH: Final = r"[^\x00]+"


def with_generated(page: str, generated: str) -> str:
    """The page with its generated part replaced."""
    before, _, rest = page.partition(START)
    _, found, after = rest.partition(END)
    assert found, "the page has no place for what is generated"
    return f"{before}{START}\n{generated}\n{END}{after}"


def generated() -> dict[Path, str]:
    """What the code writes into which page."""
    return {
        REFERENCE / "project-file.md": "\n".join(_project_file()),
        REFERENCE / "commands.md": "\n".join(_commands()),
    }


def _table(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


# gateline.yaml, from its JSON Schema.


def _project_file() -> Iterator[str]:
    schema = project_schema()
    for title, part in PARTS:
        held: Mapping[str, Any] = schema if part is ProjectFile else schema["$defs"][part.__name__]
        yield f"## {title if part is ProjectFile else _code(title)}"
        yield ""
        if part is not ProjectFile:
            yield f"{held['description']}\n"
        if held["properties"]:
            yield from _table("Key", "Value", "Default", "Meaning")
        required = held.get("required", ())
        for key, value in held["properties"].items():
            default = "**required**" if key in required else _default(value)
            yield _row(_code(key), _kind(value), default, value.get("description", ""))
        if part.LATER:
            later = ", ".join(_code(key) for key in sorted(part.LATER))
            yield f"\nRefused with [GL202](diagnostics/GL202.md) until a later version: {later}."
        yield ""


def _default(value: Mapping[str, Any]) -> str:
    return _code(json.dumps(value["default"])) if "default" in value else ""


def _kind(value: Mapping[str, Any]) -> str:
    """A value in a person's words, with its limits."""
    if "anyOf" in value:
        kinds = [_kind(choice) for choice in value["anyOf"] if not _is_environment(choice)]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in value:
        return " or ".join(_code(str(choice)) for choice in value["enum"])
    if "const" in value:
        return _code(str(value["const"]))
    match value.get("type"):
        case "integer":
            return f"{value.get('minimum', '')} to {value.get('maximum', '')}"
        case "boolean":
            return "`true` or `false`"
        case "array":
            return f"a list of {_kind(value['items'])}"
        case "string":
            return _text(value.get("pattern", ""))
        case "object":
            return _map(value)
        case _:
            return _MAP_TEXT  # a reference to one of the parts below


def _text(pattern: str) -> str:
    if _bare(pattern) in {"", ".*"}:
        return "text"
    return "a path" if _bare(pattern) == _PATH else f"text like `{_bare(pattern)}`"


def _map(value: Mapping[str, Any]) -> str:
    [(names, below)] = value.get("patternProperties", {}).items()
    held = _kind(below)
    kind = _MAP_TEXT if held == _MAP_TEXT else f"a map of {held}"
    return f"{kind}, names like `{_bare(names)}`"


def _bare(pattern: str) -> str:
    return pattern.removeprefix("^(?:").removesuffix(")$")


def _is_environment(choice: Mapping[str, Any]) -> bool:
    return str(choice.get("$ref", "")).endswith("/environment")


# The commands, from the functions that they call.


def _commands() -> Iterator[str]:
    for name, row in COMMANDS.items():
        function = getattr(importlib.import_module(row.module), row.function)
        yield f"## `gateline {name}`"
        yield ""
        yield (inspect.getdoc(function) or "").replace("<", "\\<")
        yield ""
        yield from _table("Parameter", "Default", "Meaning")
        hints = typing.get_type_hints(function, include_extras=True)
        for parameter in inspect.signature(function).parameters.values():
            yield _parameter(hints[parameter.name], parameter)
        yield ""


def _parameter(hint: Any, parameter: inspect.Parameter) -> str:
    kind, info = typing.get_args(_unwrapped(hint))[:2]
    assert isinstance(info, ArgumentInfo | OptionInfo)
    # Typer takes the first name for a default when it stands in an annotation.
    names = [str(each) for each in (info.default, *(info.param_decls or ())) if str(each).startswith("--")]
    value = info.metavar or "|".join(_choices(kind))
    written = " ".join([*(name.replace("/", ", ") for name in names), *([value] if value else [])])
    return _row(_code(written), _default_of(parameter), (info.help or "").strip())


def _unwrapped(hint: Any) -> Any:
    """The Annotated inside of an optional."""
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        return next(each for each in typing.get_args(hint) if each is not type(None))
    return hint


def _choices(kind: Any) -> list[str]:
    plain = [kind, *typing.get_args(kind)]
    return [
        str(member.value)
        for each in plain
        if isinstance(each, type) and issubclass(each, enum.Enum)
        for member in each
    ]


def _default_of(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is None or default is inspect.Parameter.empty:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return _code(str(default.value if isinstance(default, enum.Enum) else default))
