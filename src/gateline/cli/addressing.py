"""What a request asks for: the API and stage that its host and path name, and the method that serves it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

import typer

from gateline.model.address import parse_ip
from gateline.model.domain import BasePathMapping, Domain
from gateline.model.gateway import Gateway
from gateline.model.matching import Matched, matched
from gateline.model.rest_api import RestApi, Stage

_USER_REQUEST: Final = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A request and whom it reaches; `found` is None when the stage has no such method."""

    api: RestApi
    stage: Stage
    verb: str
    path: str  # below the stage or base path, with its leading slash, as it was sent
    query: str
    authority: str
    found: Matched | None
    mapping: BasePathMapping | None = None  # of a custom domain, in whose paths no stage stands

    @property
    def told_path(self) -> str:
        """The path as events have it: with the base path of a custom domain."""
        base_path = self.mapping.base_path if self.mapping else ""
        return f"/{base_path}{self.path}" if base_path else self.path

    @property
    def full_path(self) -> str:
        """The path with its stage, or with its base path."""
        return self.told_path if self.mapping else f"/{self.stage.name}{self.path}"


def addressed(gateway: Gateway, verb: str, target: str, *, api: str, stage: str, host: str) -> Addressed:
    """Whom a request reaches. `target` is a path as a client sends it, with the stage in front or without.

    At a custom domain no stage stands in front, but a base path.

    Raises:
        typer.BadParameter: nobody, or it cannot be told which API or stage is meant.

    """
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        _refuse("PATH", f"'{path}' is not a path: it begins with '/'")
    path = "/" + path.lstrip("/")  # slashes around the stage count as one (docs/concepts/routing.md)
    domain = _domain_of_host(gateway, host) if not api else None
    if domain is not None:
        return _at_domain(gateway, domain, verb.upper(), path, query, host)
    local = _USER_REQUEST.fullmatch(path)
    if local is not None:
        api, stage, path = local[1], local[2], f"/{local[2]}{local[3] or '/'}"
    chosen = _api(gateway, api, host)
    of = _stage(chosen, stage, path)
    below = path[len(of.name) + 1 :] if _first(path) == of.name else path
    below = "/" + below.lstrip("/")
    return Addressed(
        api=chosen,
        stage=of,
        verb=verb.upper(),
        path=below,
        query=query,
        authority=host or f"{chosen.name}.localhost:{gateway.edge.port}",
        found=matched(chosen.methods, verb.upper(), below),
    )


def _at_domain(gateway: Gateway, domain: Domain, verb: str, path: str, query: str, host: str) -> Addressed:
    fitting = [
        each for each in domain.mappings if f"{path}/".startswith(f"/{each.base_path}/".replace("//", "/"))
    ]
    if not fitting:
        _refuse("PATH", f"no base path of {domain.name} begins '{path}': its requests get 403 Forbidden")
    mapping = max(fitting, key=lambda each: len(each.base_path))
    api = next(each for each in gateway.apis if each.name == mapping.api)
    below = "/" + path[len(mapping.base_path) + 1 :].lstrip("/")
    return Addressed(
        api=api,
        stage=next(each for each in api.stages if each.name == mapping.stage),
        verb=verb,
        path=below,
        query=query,
        authority=host,
        found=matched(api.methods, verb, below),
        mapping=mapping,
    )


def _api(gateway: Gateway, named: str, host: str) -> RestApi:
    apis = {api.name: api for api in gateway.apis}
    name = named or (_api_of_host(gateway, host) if host else gateway.edge.default_api)
    if not name and host:
        _refuse("--host", f"no API answers to the host '{host}': its requests get 403 Forbidden")
    if not name:
        _refuse("--api", f"there are several APIs: choose one of {', '.join(apis)}")
    if name not in apis:
        _refuse("--api", f"there is no API '{name}'{_meant(name, apis)}")
    return apis[name]


def _api_of_host(gateway: Gateway, authority: str) -> str:
    """The API that a Host names, as the script finds it (docs/concepts/routing.md)."""
    host = _name(authority)
    label, _, domain = host.partition(".")
    is_here = host == "localhost" or parse_ip(host) is not None
    if host in gateway.edge.hosts or is_here:
        return gateway.edge.default_api
    return label if domain == "localhost" or domain.startswith("execute-api.") else ""


def _domain_of_host(gateway: Gateway, authority: str) -> Domain | None:
    """The custom domain that a Host names: itself before a wildcard for its first label."""
    host, domains = _name(authority), {domain.name: domain for domain in gateway.domains}
    return domains.get(host) or domains.get(f"*.{host.partition('.')[2]}")


def _name(authority: str) -> str:
    return re.sub(r":[0-9]*$", "", authority.lower()).removesuffix(".")


def _stage(api: RestApi, named: str, path: str) -> Stage:
    stages = {stage.name: stage for stage in api.stages}
    name = named or _first(path)
    if name in stages:
        return stages[name]
    if named:
        _refuse("--stage", f"'{api.name}' has no stage '{named}'{_meant(named, stages)}")
    if len(stages) > 1:
        _refuse("--stage", f"'{api.name}' has several stages: choose one of {', '.join(stages)}")
    return api.stages[0]


def _first(path: str) -> str:
    return path.split("/", 2)[1]


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _refuse(parameter: str, message: str) -> NoReturn:
    raise typer.BadParameter(message, param_hint=parameter)
