"""The `x-amazon-apigateway-*` extensions at the root of a document (api-gateway.md section 2)."""

from __future__ import annotations

import difflib
import json
import re
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Severity
from gateline.model.origin import Origin
from gateline.model.rest_api import ApiKeySource, RequestValidator
from gateline.sources.definition import Definition, Dialect
from gateline.sources.json_value import JsonValue
from gateline.sources.key import unmisspelled

PREFIX: Final = "x-amazon-apigateway-"
ROOT: Final = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "api-key-source", "binary-media-types", "minimum-compression-size", "request-validators",
        "request-validator", "gateway-responses", "policy", "endpoint-configuration", "documentation",
        "security-policy", "endpoint-access-mode", "cors", "importexport-version",
    )
)  # fmt: skip
OPERATION: Final = frozenset(f"{PREFIX}{name}" for name in ("integration", "auth", "request-validator"))
PATH_ITEM: Final = frozenset({f"{PREFIX}any-method"})
SCHEME: Final = frozenset({f"{PREFIX}authorizer", f"{PREFIX}authtype"})

_DISABLE: Final = "disableExecuteApiEndpoint"
_VALIDATOR_KEYS: Final = frozenset({"validateRequestBody", "validateRequestParameters"})
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+")
_MAX_COMPRESSION_SIZE: Final = 10_485_760


def check_extensions(
    definition: Definition, fields: dict[str, JsonValue], origin: Origin, known: frozenset[str]
) -> None:
    """Warn about extensions of Amazon that are not read here; those of others are nobody's business."""
    for key in fields:
        if key.startswith("x-amazon-") and key not in known:
            elsewhere = key in ROOT | OPERATION | PATH_ITEM | SCHEME
            said = (
                f"{key} is not read at this place" if elsewhere else f"{key} is not an extension that is read"
            )
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.85)
            advice = f"did you mean {near[0]}?" if near and not elsewhere else ""
            definition.complain(codes.UNKNOWN_EXTENSION, definition.at(origin, key), said, advice=advice)


def check_root(definition: Definition) -> None:
    """Extensions of the document as a whole: unknown ones, and those that only HTTP APIs have."""
    check_extensions(definition, definition.root, definition.origin, ROOT)
    if (key := f"{PREFIX}cors") in definition.root:
        of_http_api = _is_of_http_api(definition)
        said = (
            "belongs to HTTP APIs (v2), which are not served: nothing would answer preflight requests"
            if of_http_api
            else "has no effect in a REST API, as on Amazon: nothing answers preflight requests"
        )
        definition.complain(
            codes.HTTP_API_ONLY,
            definition.at(definition.origin, key),
            f"{key} {said}",
            advice="REST APIs answer them with an OPTIONS method of type mock on each path",
            severity=None if of_http_api else Severity.WARNING,
        )
    if (key := f"{PREFIX}importexport-version") in definition.root:
        definition.complain(
            codes.HTTP_API_EXPORT,
            definition.at(definition.origin, key),
            "this is the export of an HTTP API (v2); it is read as a REST API",
            advice="unknown paths answer 403 instead of 404, and paths begin with the stage's name",
        )


def _is_of_http_api(definition: Definition) -> bool:
    """Whether somebody served this document as an HTTP API: its export, or integrations to be referred to."""
    components = definition.root.get("components")
    return f"{PREFIX}importexport-version" in definition.root or (
        isinstance(components, dict) and f"{PREFIX}integrations" in components
    )


def read_validators(definition: Definition) -> tuple[RequestValidator, ...]:
    """`x-amazon-apigateway-request-validators`."""
    key = f"{PREFIX}request-validators"
    validators: list[RequestValidator] = []
    for name, written, place in definition.entries(definition.root, key, definition.origin):
        fields = unmisspelled(definition, written, place, _VALIDATOR_KEYS)
        body, parameters = (
            definition.boolean(fields, field, place)
            for field in ("validateRequestBody", "validateRequestParameters")
        )
        validator = RequestValidator(
            name=name, validate_body=body, validate_parameters=parameters, origin=place
        )
        validators.append(validator)
    return tuple(validators)


def validator_name(
    definition: Definition,
    fields: dict[str, JsonValue],
    origin: Origin,
    validators: dict[str, RequestValidator],
) -> str:
    """The validator that an operation, or the document, names; "" when it names none."""
    key = f"{PREFIX}request-validator"
    if key not in fields:
        return ""
    place = definition.at(origin, key)
    name = definition.text(fields, key, origin)
    if name and name not in validators:
        near = difflib.get_close_matches(name, validators, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"define it under {PREFIX}request-validators"
        message = f"the request validator '{name}' is not defined"
        definition.complain(codes.VALIDATOR_NOT_DEFINED, place, message, advice=advice)
    return name


def read_binary_media_types(definition: Definition) -> tuple[str, ...]:
    """`x-amazon-apigateway-binary-media-types`."""
    key = f"{PREFIX}binary-media-types"
    origin = definition.at(definition.origin, key)
    types: list[str] = []
    for index, text in enumerate(definition.texts(definition.root, key, definition.origin)):
        if text and not _MEDIA_TYPE.fullmatch(text):
            message = f"'{text}' is not a media type such as image/png or application/*"
            definition.complain(codes.SETTING_INVALID, origin.child(index), message)
        elif text:
            types.append(text)
    return tuple(types)


def read_minimum_compression_size(definition: Definition) -> int | None:
    """`x-amazon-apigateway-minimum-compression-size`; None: nothing is compressed."""
    key = f"{PREFIX}minimum-compression-size"
    origin = definition.at(definition.origin, key)
    size = definition.integer(definition.root, key, definition.origin)
    if size is not None and not 0 <= size <= _MAX_COMPRESSION_SIZE:
        message = f"{key} must lie between 0 and {_MAX_COMPRESSION_SIZE}, not be {size}"
        definition.complain(codes.SETTING_INVALID, origin, message)
        return None
    return size


def read_api_key_source(definition: Definition) -> ApiKeySource:
    """`x-amazon-apigateway-api-key-source`."""
    key = f"{PREFIX}api-key-source"
    origin = definition.at(definition.origin, key)
    text = definition.text(definition.root, key, definition.origin)
    found = next((source for source in ApiKeySource if source.value == text.upper()), None)
    if found is None and text:
        message = f"{key} must be HEADER or AUTHORIZER, not '{text}'"
        definition.complain(codes.SETTING_INVALID, origin, message)
    return found or ApiKeySource.HEADER


def read_policy(definition: Definition) -> str:
    """`x-amazon-apigateway-policy` as JSON text; "" when there is none."""
    key = f"{PREFIX}policy"
    policy = definition.mapping(definition.root, key, definition.origin)
    return json.dumps(policy) if policy else ""


def read_execute_api_endpoint(definition: Definition) -> bool:
    """Whether the API's own host answers: the project file decides, else `disableExecuteApiEndpoint`.

    When neither says anything, it does unless a custom domain maps the API (DESIGN section 3).
    """
    decided = definition.context.execute_api_endpoint
    if decided is not None:
        return decided
    key = f"{PREFIX}endpoint-configuration"
    places = [(definition.root, definition.origin)]
    if definition.dialect is Dialect.OPENAPI_3 and isinstance(
        servers := definition.root.get("servers"), list
    ):
        outer = definition.at(definition.origin, "servers")
        places += [(s, definition.at(outer, i)) for i, s in enumerate(servers) if isinstance(s, dict)]
    said: list[bool] = []
    for fields, place in places:
        configuration = definition.mapping(fields, key, place)
        disabled = definition.boolean(configuration, _DISABLE, definition.at(place, key))
        if configuration.get(_DISABLE) is not None:
            said.append(disabled)
    return not any(said) if said else not definition.context.has_domain
