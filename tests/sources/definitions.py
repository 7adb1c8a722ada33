"""Definitions made for one test, read as the front end reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateline.model.diagnostic import Complaints, Report, Severity
from gateline.model.integration import Integration
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, RestApi, Stage
from gateline.sources.definition import Definition, Dialect
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document
from gateline.sources.openapi import read_rest_api
from gateline.sources.placeholder import Placeholders

Json = dict[str, Any]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
"""Real definitions; see its MANIFEST.tsv. Lies beside the repository, so tests that want it may be skipped."""


@dataclass(frozen=True)
class Read:
    """What became of a definition."""

    api: RestApi | None
    report: Report

    @property
    def codes(self) -> list[str]:
        return [diagnostic.code.name for diagnostic in self.report.diagnostics]

    @property
    def errors(self) -> list[str]:
        return [d.code.name for d in self.report.diagnostics if d.severity is Severity.ERROR]

    @property
    def said(self) -> list[str]:
        return [f"{d.code.name} {d.origin.json_pointer}: {d.message}" for d in self.report.diagnostics]

    @property
    def helps(self) -> list[str]:
        return [diagnostic.help for diagnostic in self.report.diagnostics]

    @property
    def methods(self) -> tuple[Method, ...]:
        assert self.api is not None
        return self.api.methods

    @property
    def method(self) -> Method:
        (only,) = self.methods
        return only

    @property
    def integration(self) -> Integration:
        return self.method.integration


def context(
    *,
    basepath: Literal["ignore", "prepend", "split"] = "ignore",
    stages: dict[str, dict[str, str]] | None = None,
    substitutions: dict[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    functions: tuple[str, ...] = (),
    execute_api_endpoint: bool | None = None,
    project_folder: Path | None = None,
    region: str = "eu-west-1",
) -> DefinitionContext:
    return DefinitionContext(
        name="storefront",
        api_id="a1b2c3",
        basepath=basepath,
        stages=tuple(
            Stage(name=name, variables=tuple(variables.items()), origin=Origin("gateline.yaml"))
            for name, variables in (stages or {"dev": {}}).items()
        ),
        substitutions=substitutions or {},
        secret_names=frozenset(secrets),
        function_names=frozenset(functions),
        region=region,
        account_id="123456789012",
        execute_api_endpoint=execute_api_endpoint,
        project_folder=project_folder,
    )


def read(value: Json, *, bare: bool = False, path: Path = Path("api.json"), **options: Any) -> Read:
    complaints = Complaints()
    document = Document("api.json", path, json.dumps(value), value)
    api = read_rest_api(document, context(**options), complaints, bare=bare)
    return Read(api, complaints.report())


def definition(
    root: Json | None = None, *, dialect: Dialect = Dialect.OPENAPI_3, **options: Any
) -> tuple[Definition, Complaints]:
    """A Definition to call one reader with, and what it complains to."""
    complaints = Complaints()
    chosen = context(**options)
    made = Definition(
        root=root or {},
        dialect=dialect,
        file="api.json",
        context=chosen,
        complaints=complaints,
        placeholders=Placeholders(chosen.substitutions, chosen.secret_names),
        origins={},
    )
    return made, complaints


def openapi(paths: Json, **root: Any) -> Json:
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **root}


def swagger(paths: Json, **root: Any) -> Json:
    return {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": paths, **root}


def operation(integration: Json | None = None, **fields: Any) -> Json:
    """An operation behind a proxy integration, some of whose fields are as given."""
    proxy = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://orders.internal/x"}
    return {"responses": {}, **fields, "x-amazon-apigateway-integration": {**proxy, **(integration or {})}}


def one(integration: Json | None = None, *, path: str = "/x", **fields: Any) -> Json:
    """A document of one GET operation."""
    return openapi({path: {"get": operation(integration, **fields)}})


def codes_of(complaints: Complaints) -> list[str]:
    return [diagnostic.code.name for diagnostic in complaints.report().diagnostics]


ROOT_POINTER = ("paths",)
