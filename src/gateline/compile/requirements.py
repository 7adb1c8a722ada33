"""What a method's request validator asks for (api-gateway.md section 13); nothing for a method without one."""

from __future__ import annotations

from typing import Final

from gateline.model.integration import Location, RequestSource
from gateline.model.rest_api import Method, RequestValidator, RestApi

_ORDER: Final = {Location.HEADER: 0, Location.PATH: 1, Location.QUERYSTRING: 2}


def required(api: RestApi, method: Method) -> tuple[RequestSource, ...]:
    """The parameters that must be there, in the order in which the message names those that are not [R]."""
    validator = _validator(api, method)
    if validator is None or not validator.validate_parameters:
        return ()
    asked = [parameter for parameter in method.parameters if parameter.required]
    asked.sort(key=lambda parameter: (_ORDER[parameter.location], parameter.name))
    return tuple(RequestSource(parameter.location, parameter.name) for parameter in asked)


def validated_models(api: RestApi, method: Method) -> tuple[tuple[str, str], ...]:
    """The models that a body must fit, by media type."""
    validator = _validator(api, method)
    return method.request_models if validator is not None and validator.validate_body else ()


def _validator(api: RestApi, method: Method) -> RequestValidator | None:
    return next((each for each in api.request_validators if each.name == method.request_validator), None)
