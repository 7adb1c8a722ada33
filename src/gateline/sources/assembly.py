"""From the project file's models, and the definitions that they name, to the model's Gateway."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.gateway import Edge, Gateway, PathMode, SelfSigned, TlsFiles
from gateline.model.integration import VpcLink
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi, Stage
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.sources.circumstances import Circumstances
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document
from gateline.sources.function import FunctionReader
from gateline.sources.memory import Memory, circumstance
from gateline.sources.openapi import read_rest_api
from gateline.sources.project import ApiPart, GatewayPart, ProjectFile, SecretPart, settings
from gateline.sources.project_values import split_host_port
from gateline.sources.reader import Reader, is_file
from gateline.sources.tree import Node
from gateline.sources.validation import Validated

DEFAULT_STAGE = "dev"


class Assembler:
    """Builds the Gateway of one project; what it cannot use it complains about and leaves out."""

    def __init__(
        self,
        tree: Node,
        validated: Validated,
        reader: Reader,
        circumstances: Circumstances,
        complaints: Complaints,
        memory: Memory,
    ) -> None:
        self._tree = tree
        self._validated = validated
        self._reader = reader
        self._circumstances = circumstances
        self._complaints = complaints
        self._memory = memory

    def gateway(self, project: ProjectFile) -> Gateway:
        """The whole project. APIs whose definition could not be read are not in it."""
        apis = (self._api(name, part, project) for name, part in project.apis.items())
        functions = FunctionReader(
            self._tree, self._reader, self._circumstances, self._complaints, settings(project).region
        )
        return Gateway(
            name=project.name or _folder_name(self._reader.folder(self._tree.origin)),
            edge=self._edge(project),
            apis=tuple(api for api in apis if api is not None),
            vpc_links=tuple(
                VpcLink(
                    name=name,
                    targets=tuple(pair for pair in map(split_host_port, part.target) if pair is not None),
                    origin=self._origin("vpc_links", name),
                )
                for name, part in project.vpc_links.items()
            ),
            secrets=tuple(self._secret(name, part) for name, part in project.secrets.items()),
            functions=tuple(functions.function(name, part) for name, part in project.functions.items()),
            origin=self._tree.origin,
        )

    def _origin(self, *pointer: str) -> Origin:
        return self._tree.at(pointer).origin

    def _edge(self, project: ProjectFile) -> Edge:
        part = settings(project)
        only = (
            next(iter(project.apis)) if len(project.apis) == 1 and not self._validated.lacks("apis") else ""
        )
        return Edge(
            address=part.address,
            port=part.port,
            workers=part.workers,
            tls=self._tls(part),
            hosts=part.hosts,
            default_api=part.default_api or only,
            paths=PathMode(part.paths),
            trusted_hops=part.trusted_hops,
            account_id=part.account_id,
            region=part.region,
            origin=self._origin("gateway"),
        )

    def _tls(self, part: GatewayPart) -> SelfSigned | TlsFiles | None:
        if part.tls is None:
            return None
        if part.tls.self_signed:
            return SelfSigned(origin=self._origin("gateway", "tls"))
        if not part.tls.certificate:
            return None
        return TlsFiles(
            certificate=str(self._file("gateway", "tls", "certificate", written=part.tls.certificate)),
            private_key=str(self._file("gateway", "tls", "private_key", written=part.tls.private_key)),
            origin=self._origin("gateway", "tls"),
        )

    def _file(self, *pointer: str, written: str) -> Path:
        """A file that the running gateway reads, made absolute; a complaint when it is not there."""
        origin = self._origin(*pointer)
        path = self._reader.absolute(origin, written)
        self._reader.depend_on(path)
        if not is_file(path):
            self._complaints.add(
                codes.FILE_NOT_READABLE,
                origin,
                f"{'.'.join(pointer)} names {self._reader.name(path)}, which is not there",
                help="paths are relative to the file that they are written in",
                severity=self._circumstances.needed_to_start,
            )
        return path

    def _secret(self, name: str, part: SecretPart) -> SecretSource:
        origin = self._origin("secrets", name)
        if part.generate:
            return SecretSource(name=name, kind=SecretSourceKind.GENERATE, place="", origin=origin)
        if part.file:
            path = self._file("secrets", name, "file", written=part.file)
            return SecretSource(name=name, kind=SecretSourceKind.FILE, place=str(path), origin=origin)
        if not self._circumstances.environ.get(part.env):
            state = "empty" if part.env in self._circumstances.environ else "not set"
            self._complaints.add(
                codes.SECRET_WITHOUT_VALUE,
                self._origin("secrets", name, "env"),
                f"the secret '{name}' has no value: the environment variable {part.env} is {state}",
                help=f"set {part.env} before the gateway starts",
                severity=self._circumstances.needed_to_start,
            )
        return SecretSource(name=name, kind=SecretSourceKind.ENV, place=part.env, origin=origin)

    def _stages(self, name: str, part: ApiPart) -> tuple[Stage, ...]:
        if not part.stages:
            return (Stage(name=DEFAULT_STAGE, origin=self._origin("apis", name)),)
        return tuple(
            Stage(
                name=key,
                variables=tuple(stage.variables.items()),
                origin=self._origin("apis", name, "stages", key),
            )
            for key, stage in part.stages.items()
        )

    def _api(self, name: str, part: ApiPart, project: ProjectFile) -> RestApi | None:
        if self._validated.lacks("apis", name, "substitutions"):
            return None  # every use of the substitution that was left out would be a false complaint
        origin = self._origin("apis", name, "definition")
        path = self._reader.absolute(origin, part.definition)
        document = self._reader.read_named(path, origin, f"the definition of '{name}'")
        if document is None:
            return None
        context = DefinitionContext(
            name=name,
            api_id=part.id or name,
            basepath=part.basepath,
            stages=self._stages(name, part),
            substitutions=part.substitutions,
            secret_names=frozenset(self._tree.names("secrets")),
            function_names=frozenset(self._tree.names("functions")),
            region=settings(project).region,
            account_id=settings(project).account_id,
            execute_api_endpoint=part.execute_api_endpoint,
            project_folder=self._reader.folder(self._tree.origin),
        )
        lenient = self._circumstances.unresolved is Severity.WARNING
        return self._remembered(document, context, lenient=lenient)

    def _remembered(self, document: Document, context: DefinitionContext, *, lenient: bool) -> RestApi | None:
        """The API, read again only if its document or what the project says about it has changed."""
        key = circumstance(context, lenient=lenient)
        kept = self._memory.api(document, key)
        if kept is not None:
            return kept
        before, included = self._complaints.count, list[Path]()

        def read_file(path: Path) -> Document | None:
            included.append(path)
            return self._reader.read(path)

        noting = replace(context, read_file=read_file)
        api = read_rest_api(document, noting, self._complaints, bare=lenient)
        if api is not None and self._complaints.count == before and not included:
            self._memory.keep_api(document, key, api)
        return api


def _folder_name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.") or "gateline"


def api_name(file: Path) -> str:
    """The API's name in a project of one bare document: the file's stem made fit for a host name."""
    return re.sub(r"[^a-z0-9]+", "-", file.stem.lower())[:63].strip("-") or "api"
