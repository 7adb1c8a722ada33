"""From the project file's logins to the model's: who may be asked, where secrets stand, what comes first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from gateline.identity.endpoint import endpoint_fault
from gateline.model import codes
from gateline.model.load_balancer import LoadBalancer
from gateline.model.login import (
    Authentication,
    ClaimFormat,
    JwtClaim,
    JwtValidation,
    OidcLogin,
    OnUnauthenticated,
)
from gateline.model.secret import SecretRef
from gateline.sources.environment import EnvironmentText
from gateline.sources.project_action import ActionPart
from gateline.sources.project_balancer import ListenerPart, LoadBalancerPart
from gateline.sources.project_login import (
    AUTHENTICATIONS,
    AuthenticateCognitoConfigPart,
    AuthenticateOidcConfigPart,
    JwtValidationConfigPart,
    SessionKeys,
)
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

_SECRET: Final = re.compile(r"\$\{([^{}]+)\}")
_ENDPOINTS: Final = ("issuer", "authorization_endpoint", "token_endpoint", "user_info_endpoint")


def final_action(bench: Workbench, here: Pointer, parts: tuple[ActionPart, ...]) -> int | None:
    """Which of a list's actions answers the client: the one that asks nobody who they are. None: complained about."""
    final = [index for index, part in enumerate(parts) if part.type not in AUTHENTICATIONS]
    if len(final) == 1:
        return final[0]
    message = "exactly one action is taken: a forward, a redirect or a fixed-response"
    at = (*here, final[1]) if final else here
    advice = "leave one of them" if final else "put one behind the authentication"
    bench.complain(codes.ACTION_INVALID, at, message, advice=advice)
    return None


@dataclass(frozen=True, slots=True)
class LoginReader:
    """Makes what rules ask of their clients. `secrets` are the names of those declared.

    `judged` are the places where a secret may stand: whoever looks for secrets out of place leaves them alone.
    """

    bench: Workbench
    secrets: Collection[str]
    judged: set[Pointer] = field(default_factory=set)

    def authentication(
        self,
        here: Pointer,
        parts: tuple[ActionPart, ...],
        listener: ListenerPart,
        balancer: LoadBalancerPart,
    ) -> Authentication | None:
        """What a list of actions asks before its last; None when it asks nothing, or that was complained about."""
        asking = [index for index, part in enumerate(parts) if part.type in AUTHENTICATIONS]
        if not asking:
            return None
        at = asking[0]
        if len(asking) > 1:
            message = "a rule authenticates its clients once"
            self.bench.complain(
                codes.LOGIN_NOT_FIRST, (*here, asking[1]), message, advice="leave one of them"
            )
        elif at != min(range(len(parts)), key=lambda index: (parts[index].order, index)):
            message = f"the {parts[at].type} would come behind the action that answers the client"
            advice = "give it the lowest order, or write it first"
            self.bench.complain(codes.LOGIN_NOT_FIRST, (*here, at), message, advice=advice)
        self._check_place((*here, at), parts[at], listener, balancer)
        place = (*here, at, AUTHENTICATIONS[parts[at].type])
        if (oidc := parts[at].authenticate_oidc_config) is not None:
            return self._oidc(place, oidc)
        if (cognito := parts[at].authenticate_cognito_config) is not None:
            return self._cognito(place, cognito)
        jwt = parts[at].jwt_validation_config
        assert jwt is not None  # the part itself refuses an action without its config
        return self._jwt(place, jwt)

    def _check_place(
        self, here: Pointer, part: ActionPart, listener: ListenerPart, balancer: LoadBalancerPart
    ) -> None:
        why = ""
        if balancer.type == "network":
            why = "a network balancer hands connections on and sees no request"
        elif balancer.scheme == "internal":
            why = "clients do not come to an internal balancer: integrations lead there, behind the gateway"
        elif listener.protocol != "HTTPS":
            why = "cookies and tokens are not for connections that anybody can read"
        if why:
            self.bench.complain(
                codes.LOGIN_OUT_OF_PLACE,
                here,
                f"no {part.type} here: {why}",
                advice="an HTTPS listener of an internet-facing application balancer takes it"
                if balancer.scheme != "internal"
                else "let an authorizer of the API judge callers",
            )

    def _oidc(self, place: Pointer, part: AuthenticateOidcConfigPart) -> OidcLogin:
        for key in _ENDPOINTS:
            self._check_endpoint((*place, key), getattr(part, key))
        endpoints = {key: str(getattr(part, key)) for key in _ENDPOINTS}
        return self._login(place, part, endpoints, client_id=str(part.client_id))

    def _cognito(self, place: Pointer, part: AuthenticateCognitoConfigPart) -> OidcLogin:
        endpoints = cognito_endpoints(part.user_pool_arn, part.user_pool_domain)
        return self._login(place, part, endpoints, client_id=str(part.user_pool_client_id))

    def _login(
        self, place: Pointer, part: SessionKeys, endpoints: Mapping[str, str], *, client_id: str
    ) -> OidcLogin:
        written = part.client_secret
        return OidcLogin(
            issuer=endpoints["issuer"],
            authorization_endpoint=endpoints["authorization_endpoint"],
            token_endpoint=endpoints["token_endpoint"],
            user_info_endpoint=endpoints["user_info_endpoint"],
            client_id=client_id,
            client_secret=self._secret((*place, "client_secret"), written) if written else None,
            session_cookie_name=str(part.session_cookie_name),
            scope=str(part.scope),
            session_timeout=timedelta(seconds=part.session_timeout),
            extra_params=tuple(
                (str(name), str(value)) for name, value in part.authentication_request_extra_params.items()
            ),
            on_unauthenticated=OnUnauthenticated(part.on_unauthenticated_request),
            ca=self._ca(place, part.ca),
            origin=self.bench.origin(place),
        )

    def _jwt(self, place: Pointer, part: JwtValidationConfigPart) -> JwtValidation:
        self._check_endpoint((*place, "jwks_endpoint"), part.jwks_endpoint)
        return JwtValidation(
            jwks_endpoint=str(part.jwks_endpoint),
            issuer=str(part.issuer),
            additional_claims=tuple(
                JwtClaim(name=str(c.name), format=ClaimFormat(c.format), values=tuple(map(str, c.values)))
                for c in part.additional_claims
            ),
            ca=self._ca(place, part.ca),
            origin=self.bench.origin(place),
        )

    def _ca(self, place: Pointer, written: str) -> str:
        return str(self.bench.file((*place, "ca"), written)) if written else ""

    def _secret(self, pointer: Pointer, text: str) -> SecretRef:
        """The declared secret that a client_secret names; never a value, whoever wrote it."""
        self.judged.add(pointer)
        whole = _SECRET.fullmatch(text)
        if whole is not None and whole[1] in self.secrets:
            return SecretRef(whole[1])
        named = (
            whole[1] if whole and not isinstance(self.bench.tree.at(pointer).value, EnvironmentText) else ""
        )
        self.bench.complain(
            codes.LOGIN_SECRET_INVALID,
            pointer,
            f"'{named}' is not declared as a secret"
            if named
            else "client_secret holds a value, not a secret's name",
            advice=did_you_mean(named, self.secrets)
            or 'declare it (secrets: {LOGIN: {env: LOGIN_SECRET}}) and write client_secret: "${LOGIN}"',
        )
        return SecretRef(named)

    def _check_endpoint(self, pointer: Pointer, url: str) -> None:
        why = endpoint_fault(url)
        if why:
            shown = self.bench.shown(pointer, url)
            self.bench.complain(codes.LOGIN_ENDPOINT_INVALID, pointer, f"'{shown}' {why}")


def cognito_endpoints(pool_arn: str, domain: str) -> Mapping[str, str]:
    """The endpoints of a user pool. A domain without a dot is a prefix of Amazon's own."""
    region, pool = pool_arn.split(":")[3], pool_arn.rpartition("/")[2]
    host = domain if "." in domain else f"{domain}.auth.{region}.amazoncognito.com"
    suffix = "amazonaws.com.cn" if pool_arn.startswith("arn:aws-cn:") else "amazonaws.com"
    return {
        "issuer": f"https://cognito-idp.{region}.{suffix}/{pool}",
        "authorization_endpoint": f"https://{host}/oauth2/authorize",
        "token_endpoint": f"https://{host}/oauth2/token",
        "user_info_endpoint": f"https://{host}/oauth2/userInfo",
    }


def check_cookies(bench: Workbench, balancer: LoadBalancer) -> None:
    """Two logins of one balancer that write the same cookies log each other's users out."""
    owners: dict[str, OidcLogin] = {}
    for rule in (rule for listener in balancer.listeners for rule in listener.rules):
        login = rule.authentication
        if not isinstance(login, OidcLogin):
            continue
        owner = owners.setdefault(login.session_cookie_name, login)
        if replace(owner, origin=login.origin, on_unauthenticated=login.on_unauthenticated) != login:
            bench.complaints.add(
                codes.LOGIN_COOKIE_TAKEN,
                login.origin,
                f"another login of '{balancer.name}' writes the cookie {login.session_cookie_name}, too: who logs in "
                "here is logged out there",
                help="give one of them another session_cookie_name",
            )
