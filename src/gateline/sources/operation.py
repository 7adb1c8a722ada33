"""Operations: every verb of every path that has an integration becomes a method."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import NoneType
from typing import Final

from gateline.model import codes
from gateline.model.integration import Integration
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, PathTemplate, RequestValidator
from gateline.sources.definition import Definition
from gateline.sources.extensions import OPERATION, PATH_ITEM, PREFIX, check_extensions, validator_name
from gateline.sources.integration import read_integration
from gateline.sources.json_value import JsonValue
from gateline.sources.memory import ReadPaths, said
from gateline.sources.parameter import Parameters, method_parameters, read_parameters
from gateline.sources.resource import ResourceTree, read_path
from gateline.sources.schema import Models, request_models
from gateline.sources.security import Security, authorization

_INTEGRATION: Final = f"{PREFIX}integration"
_VERBS: Final = {
    verb: verb.upper() for verb in ("get", "put", "post", "delete", "options", "head", "patch")
} | {f"{PREFIX}any-method": "ANY"}
_PATH_KEYS: Final = frozenset({"parameters", "summary", "description", "servers", "$ref"})


@dataclass(slots=True, kw_only=True)
class Operations:
    """Reads the methods of a document; holds what they share."""

    definition: Definition
    security: Security
    models: Models
    validators: dict[str, RequestValidator]
    root_validator: str
    prefix: str
    known: ReadPaths
    resources: ResourceTree = field(default_factory=ResourceTree)

    def methods(self) -> Iterator[Method]:
        """The methods in the order in which they are written."""
        definition = self.definition
        origin = definition.at(definition.origin, "paths")
        for written, item in definition.mapping(definition.root, "paths", definition.origin).items():
            if written.startswith("x-"):
                continue
            place, text = definition.at(origin, written), said(item)
            known = self.known.methods(written, text)
            if known is not None:
                yield from self._again(known, place)
                continue
            before = definition.traces
            path = read_path(definition, written, place, self.prefix)
            read = tuple(self._of_path(path, item, place)) if path is not None else ()
            if definition.traces == before and not any(method.request_models for method in read):
                self.known.keep(written, text, read)
            yield from read

    def _again(self, methods: tuple[Method, ...], written_at: Origin) -> Iterator[Method]:
        """The methods of a path that was read before, in their place among the others."""
        is_new = True
        for method in methods:
            if self.resources.add_method(self.definition, method.path, method.http_method, method.origin):
                if is_new:
                    self.resources.add_path(self.definition, method.path, written_at)
                is_new = False
                yield method

    def _of_path(self, path: PathTemplate, item: JsonValue, written_at: Origin) -> Iterator[Method]:
        definition = self.definition
        followed, place = definition.follow(item, written_at)
        fields = definition.as_mapping(followed, place, f"the path '{path.text}'")
        check_extensions(definition, fields, place, PATH_ITEM)
        shared = read_parameters(definition, fields, place, Parameters())
        is_new = True
        for key, operation in fields.items():
            verb = _VERBS.get(key)
            if verb is None:
                self._check_key(key, place)
                continue
            method = self._method(path, verb, operation, definition.at(place, key), shared)
            if method is not None:
                if is_new:
                    self.resources.add_path(definition, path, written_at)
                is_new = False
                yield method

    def _check_key(self, key: str, origin: Origin) -> None:
        if key in _PATH_KEYS or key.startswith("x-"):
            return
        if key.lower() in _VERBS:
            said, advice = f"'{key}' is not read", f"verbs are written in lower case: '{key.lower()}'"
        elif key == "trace":
            said, advice = "API Gateway has no TRACE methods: this one is not served", ""
        else:
            said, advice = f"'{key}' is neither a verb nor a key of a path", ""
        self.definition.complain(codes.VERB_NOT_SERVED, self.definition.at(origin, key), said, advice=advice)

    def _method(
        self, path: PathTemplate, verb: str, value: JsonValue, origin: Origin, shared: Parameters
    ) -> Method | None:
        definition = self.definition
        operation = definition.as_mapping(value, origin, f"the operation {verb} {path.text}")
        check_extensions(definition, operation, origin, OPERATION)
        if operation.get(_INTEGRATION) is None:
            definition.complain(
                codes.OPERATION_NOT_SERVED,
                origin,
                f"{verb} {path.text} has no {_INTEGRATION}: it is not served",
            )
            return None
        integration = read_integration(
            definition, operation[_INTEGRATION], definition.at(origin, _INTEGRATION), path
        )
        asked = authorization(definition, self.security, operation, verb, origin)
        if not self.resources.add_method(definition, path, verb, origin) or integration is None:
            return None
        parameters = read_parameters(definition, operation, origin, shared)
        validator = validator_name(definition, operation, origin, self.validators) or self.root_validator
        models = request_models(definition, self.models, operation, parameters.body, origin)
        if models and validator in self.validators and self.validators[validator].validate_body:
            self.models.validated.update(name for _, name in models)
        headers = self._response_headers(operation, origin)
        self._check_declared(integration, dict(headers))
        return Method(
            path=path,
            http_method=verb,
            integration=integration,
            authorization=asked,
            parameters=method_parameters(definition, parameters, path, origin),
            request_models=models,
            request_validator=validator,
            response_headers=headers,
            operation_name=definition.text(operation, "operationId", origin),
            origin=origin,
        )

    def _check_declared(self, integration: Integration, declared: dict[int, tuple[str, ...]]) -> None:
        """Warn of mapped headers that a method response lacks: Amazon refuses them, here they are sent."""
        for response in integration.responses:
            if not response.response_parameters or response.status_code not in declared:
                continue
            names = declared[response.status_code]
            known = {name.lower() for name in names}
            for parameter in response.response_parameters:
                if parameter.header.lower() in known:
                    continue
                near = difflib.get_close_matches(parameter.header, names, n=1)
                self.definition.complain(
                    codes.RESPONSE_HEADER_NOT_DECLARED,
                    parameter.origin,
                    f"the method response {response.status_code} does not declare the header {parameter.header}",
                    advice=f"did you mean {near[0]}?"
                    if near
                    else "Amazon refuses the definition: declare it",
                )

    def _response_headers(
        self, operation: dict[str, JsonValue], origin: Origin
    ) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The headers of the method responses: `method.response.header.NAME` may be mapped to these only."""
        definition = self.definition
        responses = definition.mapping(operation, "responses", origin)
        if not responses:
            return ()
        found: list[tuple[int, tuple[str, ...]]] = []
        for key, response in responses.items():
            if not (key.isdecimal() and len(key) == 3):  # `default`, `5XX` and vendors' keys
                continue
            headers: JsonValue = response.get("headers") if isinstance(response, dict) else None
            if (
                not isinstance(response, dict)
                or "$ref" in response
                or not isinstance(headers, (dict, NoneType))
            ):
                followed, place = definition.follow(response, definition.at(origin, "responses", key))
                fields = definition.as_mapping(followed, place, "a response")
                headers = definition.mapping(fields, "headers", place)
            found.append((int(key), tuple(headers) if isinstance(headers, dict) else ()))
        return tuple(found)
