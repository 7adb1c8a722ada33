"""Security: schemes to authorizers, and what each operation asks of its caller.

Amazon leaves an operation open when nothing enforces the scheme that its `security` names. Gateline refuses
it (DESIGN D11): whoever wrote `security` did not mean the operation to be open.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from gateline.model import codes
from gateline.model.authorizer import Authorization, AuthorizationType, Authorizer, AuthorizerKind
from gateline.model.origin import Origin
from gateline.sources.authorizer import read_authorizer
from gateline.sources.definition import Definition, Dialect, Fields
from gateline.sources.json_value import JsonValue

_AUTHORIZATION: Final = {
    AuthorizerKind.TOKEN: AuthorizationType.CUSTOM,
    AuthorizerKind.REQUEST: AuthorizationType.CUSTOM,
    AuthorizerKind.JWT: AuthorizationType.CUSTOM,
    AuthorizerKind.COGNITO_USER_POOLS: AuthorizationType.COGNITO_USER_POOLS,
}

_OVERRIDE: Final = "x-amazon-apigateway-auth"


class SchemeKind(Enum):
    """Who enforces a security scheme."""

    AUTHORIZER = auto()
    SIGNATURE = auto()  # awsSigv4
    API_KEY = auto()  # the usage plan's x-api-key
    NOBODY = auto()


@dataclass(frozen=True, slots=True)
class Scheme:
    """A security scheme: who enforces it, and the authorizer where there is one."""

    kind: SchemeKind
    authorizer: Authorizer | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """The security schemes of a document."""

    schemes: dict[str, Scheme]

    @property
    def authorizers(self) -> tuple[Authorizer, ...]:
        """The authorizers that could be read, in the order in which they are written."""
        return tuple(s.authorizer for s in self.schemes.values() if s.authorizer is not None)


def read_security(definition: Definition) -> Security:
    """The security schemes of the document."""
    origin, section, key = definition.origin, definition.root, "securityDefinitions"
    if definition.dialect is Dialect.OPENAPI_3:
        section, key = definition.mapping(section, "components", origin), "securitySchemes"
        origin = definition.at(origin, "components")
    entries = definition.entries(section, key, origin)
    schemes = {name: _scheme(definition, name, fields, place) for name, fields, place in entries}
    return Security(schemes)


def _scheme(definition: Definition, name: str, fields: dict[str, JsonValue], origin: Origin) -> Scheme:
    if "x-amazon-apigateway-authorizer" in fields:
        return Scheme(SchemeKind.AUTHORIZER, read_authorizer(definition, name, fields, origin))
    authtype = fields.get("x-amazon-apigateway-authtype")
    if isinstance(authtype, str) and authtype.lower() == "awssigv4":
        return Scheme(SchemeKind.SIGNATURE)
    key = fields.get("name")
    if fields.get("type") == "apiKey" and isinstance(key, str) and key.lower() == "x-api-key":
        return Scheme(SchemeKind.API_KEY if fields.get("in") == "header" else SchemeKind.NOBODY)
    return Scheme(SchemeKind.NOBODY)


@dataclass(slots=True)
class _Asked:
    """What the requirements of one operation come to."""

    type: AuthorizationType = AuthorizationType.NONE
    name: str = ""
    scopes: tuple[str, ...] = ()
    api_key: bool = False


def authorization(
    definition: Definition, security: Security, operation: dict[str, JsonValue], verb: str, origin: Origin
) -> Authorization:
    """What a method asks of its caller: its own `security`, else the document's; then its override."""
    fields, outer = (operation, origin) if "security" in operation else (definition.root, definition.origin)
    place = definition.at(outer, "security")
    override = _override_type(definition, operation, origin)
    asked = _asked(definition, security, fields, place, is_opened=override == AuthorizationType.NONE)
    if override is not None:
        place = definition.at(origin, _OVERRIDE)
        _override(definition, override, asked, place)
    if verb == "OPTIONS" and asked.type is not AuthorizationType.NONE:
        definition.complain(
            codes.PREFLIGHT_BEHIND_AUTHORIZER,
            place,
            "browsers send preflight requests without credentials, and this OPTIONS method refuses them",
            advice='open it with "security": [] on the operation',
        )
    return Authorization(
        type=asked.type,
        authorizer=asked.name,
        scopes=asked.scopes,
        api_key_required=asked.api_key,
        origin=place,
    )


def _asked(
    definition: Definition, security: Security, fields: Fields, origin: Origin, *, is_opened: bool
) -> _Asked:
    """All requirements together: Amazon knows no alternatives but takes an API key beside any authorizer."""
    asked = _Asked()
    requirements = fields.get("security")
    if not isinstance(requirements, list):
        if requirements is not None:
            definition.complain(codes.DEFINITION_VALUE_WRONG_TYPE, origin, "security must be a list")
        return asked
    optional = False
    further: list[str] = []
    for index, entry in enumerate(requirements):
        if not isinstance(entry, dict):
            place = definition.at(origin, index)
            definition.as_mapping(entry, place, "a security requirement")
            continue
        optional = optional or not entry
        for name in entry:
            scheme = security.schemes.get(name)
            if is_opened and scheme is not None and scheme.kind is SchemeKind.NOBODY:
                continue  # the author knows, and said so
            if scheme is None or scheme.kind is SchemeKind.NOBODY:
                _complain_of_scheme(definition, name, definition.at(origin, index, name), scheme)
            further += _require(definition, asked, name, scheme, entry, origin)
    if further:
        message = f"only '{asked.name or asked.type}' is asked, not {', '.join(map(repr, further))}"
        advice = "a method of a REST API has one authorizer; several cannot stand beside each other"
        definition.complain(codes.SECURITY_ALTERNATIVES, origin, message, advice=advice)
    if optional and (asked.api_key or asked.type is not AuthorizationType.NONE):
        message = "the empty alternative has no effect: every caller is asked for credentials"
        definition.complain(codes.SECURITY_ALTERNATIVES, origin, message)
    return asked


def _require(
    definition: Definition,
    asked: _Asked,
    name: str,
    scheme: Scheme | None,
    requirement: Fields,
    origin: Origin,
) -> list[str]:
    """Add a scheme, also an unknown one, to what is asked; its name, when there is an authorizer already."""
    scheme = scheme or Scheme(SchemeKind.AUTHORIZER)
    if scheme.kind is SchemeKind.API_KEY:
        asked.api_key = True
        return []
    if asked.type is not AuthorizationType.NONE:
        return [name] if name != asked.name else []
    kind = scheme.authorizer.kind if scheme.authorizer is not None else AuthorizerKind.TOKEN
    is_signature = scheme.kind is SchemeKind.SIGNATURE
    asked.type = AuthorizationType.AWS_IAM if is_signature else _AUTHORIZATION[kind]
    asked.name = "" if is_signature else name
    asked.scopes = definition.texts(requirement, name, origin) if requirement[name] else ()
    return []


def _complain_of_scheme(definition: Definition, name: str, origin: Origin, scheme: Scheme | None) -> None:
    if scheme is None:
        message = f"the security scheme '{name}' is not defined"
        advice = 'define it, or open the operation with "security": []'
        definition.complain(codes.SCHEME_NOT_DEFINED, origin, message, advice=advice)
        return
    definition.complain(
        codes.SCHEME_NOT_ENFORCED,
        origin,
        f"nothing enforces the security scheme '{name}': on Amazon everybody could call this operation",
        advice="add an x-amazon-apigateway-authorizer to the scheme; if the service itself checks its "
        'callers, say so on the operation: "x-amazon-apigateway-auth": {"type": "NONE"}',
    )


def _override_type(definition: Definition, operation: Fields, origin: Origin) -> str | None:
    """The type that `x-amazon-apigateway-auth` writes, in upper case; None when the operation has none."""
    if _OVERRIDE not in operation:
        return None
    written = definition.mapping(operation, _OVERRIDE, origin)
    return definition.text(written, "type", origin).upper()


def _override(definition: Definition, kind: str, asked: _Asked, place: Origin) -> None:
    """Apply `x-amazon-apigateway-auth: {type}`; an API key that is asked for stays asked for."""
    if kind == AuthorizationType.NONE:
        if asked.type is not AuthorizationType.NONE:
            named = asked.name or asked.type
            message = f"security asks for '{named}', but x-amazon-apigateway-auth opens the operation"
            definition.complain(codes.AUTHORIZATION_OVERRIDDEN, place, message)
        asked.type, asked.name, asked.scopes = AuthorizationType.NONE, "", ()
    elif kind == AuthorizationType.AWS_IAM:
        asked.type, asked.name, asked.scopes = AuthorizationType.AWS_IAM, "", ()
    elif kind not in {AuthorizationType.CUSTOM, AuthorizationType.COGNITO_USER_POOLS}:
        message = f"'{kind}' is none of NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
        definition.complain(codes.AUTHORIZATION_OVERRIDE_INVALID, place, message)
        asked.type = AuthorizationType.CUSTOM
    elif asked.type != kind:
        message = f"x-amazon-apigateway-auth says {kind}, but security names no such authorizer"
        definition.complain(codes.AUTHORIZATION_OVERRIDE_INVALID, place, message)
        asked.type = AuthorizationType(kind)
