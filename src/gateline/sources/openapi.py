"""OpenAPI documents with Amazon's extensions, read into the model: Swagger 2.0, OpenAPI 3.0 and 3.1."""

from __future__ import annotations

import re
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi
from gateline.sources import extensions
from gateline.sources.basepath import base_path_prefix
from gateline.sources.collector import resting_collector
from gateline.sources.definition import Definition, Dialect, evaluate
from gateline.sources.definition_context import DefinitionContext
from gateline.sources.document import Document
from gateline.sources.gateway_response import read_gateway_responses
from gateline.sources.json_value import JsonValue
from gateline.sources.memory import ReadPaths, circumstance, said
from gateline.sources.operation import Operations
from gateline.sources.schema import read_models
from gateline.sources.security import read_security

__all__ = ["DefinitionContext", "read_rest_api"]

AMAZONS_LIMIT: Final = 6 * 1024 * 1024
"""The largest definition that API Gateway imports, in bytes (api-gateway.md section 2)."""

_SWAGGER: Final = re.compile(r"2(\.0)*")
_OPENAPI: Final = re.compile(r"3\.[01](\.[0-9]+)?(-[A-Za-z0-9.]+)?|3(\.0)?")


def read_rest_api(
    document: Document,
    context: DefinitionContext,
    complaints: Complaints,
    *,
    bare: bool = False,
    known: ReadPaths | None = None,
) -> RestApi | None:
    """The REST API that a document defines; None when it is no such document (complained).

    With `bare`, what only the running gateway needs from a project file (values, secrets) may be missing:
    those complaints are warnings. Everything else that Amazon would not import, or that Gateline would have
    to guess, is an error. Paths that `known` has read before are not read again.
    """
    origin = Origin(document.name)
    if not _is_definition(document.value, origin, complaints):
        return None
    if len(document.text) > AMAZONS_LIMIT:
        message = (
            f"the definition has {len(document.text)} characters; Amazon imports at most {AMAZONS_LIMIT}"
        )
        complaints.add(codes.LARGER_THAN_AMAZON_TAKES, origin, message)
    with resting_collector():
        definition = _definition(document, context, complaints)
        if definition is None:
            return None
        paths = known if known is not None and not definition.origins else ReadPaths()
        paths.begin(circumstance(context, lenient=bare), document.name, _beside_paths(definition))
        api = _rest_api(definition, paths)
    definition.placeholders.report(complaints, lenient=bare)
    return api


def _definition(document: Document, context: DefinitionContext, complaints: Complaints) -> Definition | None:
    """The document with its functions evaluated, if it is of a dialect that is read."""
    root, placeholders, origins = evaluate(document, context, complaints)
    dialect = _dialect(root, Origin(document.name), complaints)
    if not isinstance(root, dict) or dialect is None:
        placeholders.report(complaints, lenient=True)
        return None
    return Definition(
        root=root,
        dialect=dialect,
        file=document.name,
        context=context,
        complaints=complaints,
        placeholders=placeholders,
        origins=origins,
    )


def _is_definition(value: JsonValue, origin: Origin, complaints: Complaints) -> bool:
    """Tell at once what is no definition: a hundred complaints about a template would help nobody."""
    if not isinstance(value, dict):
        complaints.add(codes.NOT_AN_OPENAPI_DOCUMENT, origin, "the document is not a mapping")
        return False
    named = value.keys() & {"swagger", "openapi", "Fn::Transform"}
    template = value.keys() & {"AWSTemplateFormatVersion", "Resources", "Transform"}
    if named or not template:
        return True
    complaints.add(
        codes.CLOUDFORMATION_TEMPLATE,
        origin.child(min(template)),
        "this is a CloudFormation or SAM template, not an OpenAPI document",
        help="put what stands under the API's Body or DefinitionBody into a file of its own, and name that "
        "file as the definition; its !Ref and !Sub may stay: give their values as substitutions",
    )
    return False


def _dialect(root: JsonValue, origin: Origin, complaints: Complaints) -> Dialect | None:
    """By the version that the document names; numbers and `openapi: 2.0.0` are met in real files."""
    fields = root if isinstance(root, dict) else {}
    for key in ("openapi", "swagger"):
        version = fields.get(key)
        if version is None:
            continue
        text = str(version).strip()
        if _SWAGGER.fullmatch(text):
            return Dialect.SWAGGER_2
        if key == "openapi" and _OPENAPI.fullmatch(text):
            return Dialect.OPENAPI_3
        message = f"{key} {text[:40]} is not read: Swagger 2.0, OpenAPI 3.0 and 3.1 are"
        complaints.add(codes.NOT_AN_OPENAPI_DOCUMENT, origin.child(key), message)
        return None
    message = "the document names no version of OpenAPI"
    advice = 'a definition begins with "openapi": "3.0.1" or "swagger": "2.0"'
    complaints.add(codes.NOT_AN_OPENAPI_DOCUMENT, origin, message, help=advice)
    return None


def _beside_paths(definition: Definition) -> bytes:
    return said({key: value for key, value in definition.root.items() if key != "paths"})


def _rest_api(definition: Definition, known: ReadPaths) -> RestApi:
    context = definition.context
    origin = definition.origin
    extensions.check_root(definition)
    if definition.root.get("paths") is None:
        message = "Invalid OpenAPI input: the document has no paths"
        definition.complain(codes.DEFINITION_VALUE_WRONG_TYPE, origin, message)
    validators = extensions.read_validators(definition)
    by_name = {validator.name: validator for validator in validators}
    security = read_security(definition)
    models = read_models(definition)
    operations = Operations(
        definition=definition,
        security=security,
        models=models,
        validators=by_name,
        root_validator=extensions.validator_name(definition, definition.root, origin, by_name),
        prefix=base_path_prefix(definition),
        known=known,
    )
    methods = tuple(operations.methods())
    models.report(definition)
    title = definition.mapping(definition.root, "info", origin).get("title")
    return RestApi(
        name=context.name,
        api_id=context.api_id,
        title=title if isinstance(title, str) else "",
        execute_api_endpoint=extensions.read_execute_api_endpoint(definition),
        methods=methods,
        authorizers=security.authorizers,
        stages=context.stages,
        request_validators=validators,
        gateway_responses=read_gateway_responses(definition),
        models=tuple(models.texts.items()),
        binary_media_types=extensions.read_binary_media_types(definition),
        minimum_compression_size=extensions.read_minimum_compression_size(definition),
        api_key_source=extensions.read_api_key_source(definition),
        policy=extensions.read_policy(definition),
        origin=origin,
    )
