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
from gateline.sources.definition import Definition, Dialect
from gateline.sources.json_value import JsonValue

_AUTHORIZATION: Final = {
    AuthorizerKind.TOKEN: AuthorizationType.CUSTOM,
    AuthorizerKind.REQUEST: AuthorizationType.CUSTOM,
    AuthorizerKind.JWT: AuthorizationType.CUSTOM,
    AuthorizerKind.COGNITO_USER_POOLS: AuthorizationType.COGNITO_USER_POOLS,
}


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
    """The schemes of a document, and the requirement of operations that have none of their own."""

    schemes: dict[str, Scheme]
    root: JsonValue
    root_origin: Origin

    @property
    def authorizers(self) -> tuple[Authorizer, ...]:
        """The authorizers that could be read, in the order in which they are written."""
        return tuple(s.authorizer for s in self.schemes.values() if s.authorizer is not None)


def read_security(definition: Definition) -> Security:
    """The security schemes of the document and its root requirement."""
    origin = definition.origin
    value: JsonValue = definition.root
    keys: tuple[str, ...] = ("securityDefinitions",)
    if definition.dialect is Dialect.OPENAPI_3:
        keys = ("components", "securitySchemes")
    for key in keys:
        value = definition.mapping(value, origin, "a section").get(key)
        origin = definition.at(origin, key)
    entries = definition.entries(value, origin, "the security schemes")
    schemes = {name: _scheme(definition, name, fields, place) for name, fields, place in entries}
    return Security(schemes, definition.root.get("security"), definition.at(definition.origin, "security"))


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
    if "security" in operation:
        requirements, place = operation["security"], definition.at(origin, "security")
    else:
        requirements, place = security.root, security.root_origin
    asked = _asked(definition, security, requirements, place)
    if "x-amazon-apigateway-auth" in operation:
        _override(definition, operation["x-amazon-apigateway-auth"], asked, origin)
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


def _asked(definition: Definition, security: Security, requirements: JsonValue, origin: Origin) -> _Asked:
    """All requirements together: Amazon knows no alternatives but takes an API key beside any authorizer."""
    asked = _Asked()
    if not requirements and not isinstance(requirements, (str, dict)):
        return asked
    optional = False
    further: list[str] = []
    for index, entry in enumerate(definition.sequence(requirements, origin, "security")):
        place = definition.at(origin, index)
        requirement = definition.mapping(entry, place, "a security requirement")
        optional = optional or not requirement
        for name, scopes in requirement.items():
            further += _require(definition, security, asked, name, scopes, definition.at(place, name))
    if further:
        message = f"only '{asked.name or asked.type}' is asked, not {', '.join(map(repr, further))}"
        advice = "a method of a REST API has one authorizer; several cannot stand beside each other"
        definition.complain(codes.SECURITY_ALTERNATIVES, origin, message, advice=advice)
    if optional and (asked.api_key or asked.type is not AuthorizationType.NONE):
        message = "the empty alternative has no effect: every caller is asked for credentials"
        definition.complain(codes.SECURITY_ALTERNATIVES, origin, message)
    return asked


def _require(
    definition: Definition, security: Security, asked: _Asked, name: str, scopes: JsonValue, origin: Origin
) -> list[str]:
    """Add one scheme to what is asked; its name, when there is an authorizer already."""
    scheme = security.schemes.get(name)
    if scheme is None:
        message = f"the security scheme '{name}' is not defined"
        advice = 'define it, or open the operation with "security": []'
        definition.complain(codes.SCHEME_NOT_DEFINED, origin, message, advice=advice)
        scheme = Scheme(SchemeKind.AUTHORIZER)
    if scheme.kind is SchemeKind.API_KEY:
        asked.api_key = True
        return []
    if scheme.kind is SchemeKind.NOBODY:
        definition.complain(
            codes.SCHEME_NOT_ENFORCED,
            origin,
            f"nothing enforces the security scheme '{name}': on Amazon everybody could call this operation",
            advice="add an x-amazon-apigateway-authorizer to the scheme; if the service itself checks its "
            'callers, say so on the operation: "x-amazon-apigateway-auth": {"type": "NONE"}',
        )
    if asked.type is not AuthorizationType.NONE:
        return [name] if name != asked.name else []
    kind = scheme.authorizer.kind if scheme.authorizer is not None else AuthorizerKind.TOKEN
    is_signature = scheme.kind is SchemeKind.SIGNATURE
    asked.type = AuthorizationType.AWS_IAM if is_signature else _AUTHORIZATION[kind]
    asked.name = "" if is_signature else name
    texts = definition.sequence(scopes, origin, "scopes")
    asked.scopes = tuple(definition.text(scope, origin, "a scope") for scope in texts)
    return []


def _override(definition: Definition, value: JsonValue, asked: _Asked, origin: Origin) -> None:
    """Apply `x-amazon-apigateway-auth: {type}`; an API key that is asked for stays asked for."""
    place = definition.at(origin, "x-amazon-apigateway-auth")
    written = definition.mapping(value, place, "x-amazon-apigateway-auth").get("type")
    kind = written.upper() if isinstance(written, str) else ""
    if kind == AuthorizationType.NONE:
        if asked.type is not AuthorizationType.NONE:
            named = asked.name or asked.type
            message = f"security asks for '{named}', but x-amazon-apigateway-auth opens the operation"
            definition.complain(codes.AUTHORIZATION_OVERRIDDEN, place, message)
        asked.type, asked.name, asked.scopes = AuthorizationType.NONE, "", ()
    elif kind == AuthorizationType.AWS_IAM:
        asked.type, asked.name, asked.scopes = AuthorizationType.AWS_IAM, "", ()
    elif kind not in {AuthorizationType.CUSTOM, AuthorizationType.COGNITO_USER_POOLS}:
        message = f"'{written}' is none of NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
        definition.complain(codes.AUTHORIZATION_OVERRIDE_INVALID, place, message)
        asked.type = AuthorizationType.CUSTOM
    elif asked.type != kind:
        message = f"x-amazon-apigateway-auth says {kind}, but security names no such authorizer"
        definition.complain(codes.AUTHORIZATION_OVERRIDE_INVALID, place, message)
        asked.type = AuthorizationType(kind)
