"""`gateline authorize`: what the authorizer of one request says, and what that comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Final

import typer
from rich.text import Text

from gateline.authorizers.judgement import Judged
from gateline.cli import console
from gateline.cli.addressing import Addressed, addressed
from gateline.cli.asking import Asked, Asker, Headers
from gateline.cli.inspection import Inspection, inspect, resources_or_exit
from gateline.cli.parameters import AllowOption, Output, OutputOption, OverlayOption, ProjectArgument
from gateline.cli.render import visible
from gateline.compile.edge_tls import speaks_tls
from gateline.functions.answer import Raised, Returned
from gateline.model.address import parse_ip
from gateline.model.authorizer import AuthorizationType
from gateline.model.gateway import PathMode
from gateline.model.hosting import HostedMethod

SHOWN_OF_VALUES: Final = 12
"""Characters of an identity source's value that are shown: enough to see which token it was, not to use it."""

_NO_METHOD: Final = '{"message":"Missing Authentication Token"}'


MethodArgument = Annotated[
    str, typer.Argument(metavar="METHOD", show_default=False, help="The request's verb, such as GET.")
]
PathArgument = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        show_default=False,
        help="The request's path, with the stage or without, and its query.",
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "-H",
        "--header",
        metavar="'Name: value'",
        show_default=False,
        help="A header of the request. May be repeated.",
    ),
]
HostOption = Annotated[
    str, typer.Option("--host", metavar="HOST", show_default=False, help="The Host of the request.")
]
ApiOption = Annotated[
    str, typer.Option("--api", metavar="API", show_default=False, help="The API; default: as the Host says.")
]
StageOption = Annotated[
    str,
    typer.Option("--stage", metavar="STAGE", show_default=False, help="The stage; default: as PATH says."),
]
SourceIpOption = Annotated[
    str, typer.Option("--source-ip", metavar="ADDRESS", help="The address that the request comes from.")
]


def authorize(  # noqa: PLR0913, PLR0917 - the parameters are the command's options
    method: MethodArgument,
    path: PathArgument,
    project: ProjectArgument = None,
    header: HeaderOption = None,
    host: HostOption = "",
    api: ApiOption = "",
    stage: StageOption = "",
    source_ip: SourceIpOption = "127.0.0.1",
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask the authorizer of one request, and show how its policy is judged.

    The function runs as the gateway would run it; nothing is kept. The exit code is 1 when the request is refused.
    """
    if parse_ip(source_ip) is None:
        message = f"'{source_ip}' is not an IP address"
        raise typer.BadParameter(message, param_hint="--source-ip")
    inspection = inspect(project, overlay, allow)
    resources_or_exit(inspection)
    gateway = inspection.loaded.gateway
    assert gateway is not None
    request = addressed(gateway, method, path, api=api, stage=stage, host=host)
    asker = _asker(inspection, request, _headers(header or ()), source_ip)
    asked = asker.ask() if isinstance(asker, Asker) else asker
    shown = asker if isinstance(asker, Asker) else None
    if output is Output.JSON:
        console.print_json(_as_json(request, shown, asked))
    else:
        out = console.answers()
        for name, text in _lines(request, shown, asked):
            out.print(Text(f"{name:<12}{visible(text)}".rstrip()), soft_wrap=True)
    if asked.status != 200:
        raise typer.Exit(1)


def _headers(written: list[str] | tuple[str, ...]) -> Headers:
    headers = []
    for line in written:
        name, found, value = line.partition(":")
        if not found or not name.strip():
            message = f"'{name}' is not a header: write 'Name: value'"
            raise typer.BadParameter(message, param_hint="-H")
        headers.append((name.strip(), value.strip()))
    return headers


def _asker(inspection: Inspection, request: Addressed, headers: Headers, source_ip: str) -> Asker | Asked:
    """Who has to be asked about the request; when nobody has, what comes of it."""
    if request.found is None:
        return Asked(method_arn="", status=403, why="no path and verb of the stage fit", body=_NO_METHOD)
    method, gateway = request.found.method, inspection.loaded.gateway
    assert gateway is not None
    needs = method.authorization
    if needs.type is AuthorizationType.NONE:
        return Asked(method_arn="", status=200, why="the method asks for no authorization")
    scope = f"{request.api.name}/{request.stage.name}"
    stage = next((each for each in inspection.hosting.stages if each.scope == scope), None)
    hosted = (
        next((each for each in stage.authorizers if each.name == needs.authorizer), None) if stage else None
    )
    authorizer = next((each for each in request.api.authorizers if each.name == needs.authorizer), None)
    if stage is None or hosted is None or authorizer is None:
        return Asked(method_arn="", status=500, why=f"nobody can be asked for {needs.type} authorization")
    route = f"{scope} {method.http_method} {method.path.text}"
    described = next((each for each in stage.methods if each.route == route), None)
    return Asker(
        request=request,
        headers=headers,
        source_ip=source_ip,
        is_secure=speaks_tls(gateway),
        port=gateway.edge.port,
        is_strict=gateway.edge.paths is PathMode.STRICT,
        stage=stage,
        authorizer=authorizer,
        hosted=hosted,
        function=next(each for each in gateway.functions if each.name == hosted.function),
        method=described or HostedMethod(route=route, resource=method.path.text, resource_id=""),
    )


def _lines(request: Addressed, asker: Asker | None, asked: Asked) -> Iterator[tuple[str, str]]:
    found = (
        f"  ({request.found.method.http_method} {request.found.method.path.text})" if request.found else ""
    )
    yield "request", f"{request.verb} {request.full_path} of {request.api.name}{found}"
    if asker is not None:
        kind = asker.hosted.kind.value.upper()
        yield "authorizer", f"{asker.hosted.name} ({kind}, function {asker.hosted.function})"
        yield "method ARN", asked.method_arn
        for each in asked.identity:
            yield "identity", f"{each.source}: {_abridged(each.value)}"
        yield from _answer_lines(asked)
        for judged in asked.judgement.statements if asked.judgement else ():
            yield "statement", _statement(judged)
    verdict = "allowed" if asked.status == 200 else "refused"
    yield "verdict", f"{verdict}: {asked.why}"
    yield "client gets", f"{asked.status} {asked.body}" if asked.body else _passed(request, asked)


def _passed(request: Addressed, asked: Asked) -> str:
    if asked.status != 200 or request.found is None:
        return str(asked.status)
    return f"what the {request.found.method.integration.kind} integration answers"


def _answer_lines(asked: Asked) -> Iterator[tuple[str, str]]:
    if isinstance(asked.answer, Returned | Raised):
        yield "answer", asked.answer.payload.decode(errors="replace")
    if asked.grant is not None:
        yield "principal", asked.grant.principal
        for name, value in asked.grant.context:
            yield "context", f"{name}: {value}"


def _statement(judged: Judged) -> str:
    sid = f" '{judged.sid}'" if judged.sid else ""
    applies = "applies" if judged.applies else "does not apply"
    return f"{judged.index + 1}{sid} {judged.effect} {applies}: {judged.reason}"


def _abridged(value: str | None) -> str:
    if value is None:
        return "absent"
    if len(value) <= SHOWN_OF_VALUES:
        return value
    return f"{value[:SHOWN_OF_VALUES]}… ({len(value)} characters)"


def _as_json(request: Addressed, asker: Asker | None, asked: Asked) -> dict[str, object]:
    statements = asked.judgement.statements if asked.judgement else ()
    is_told = isinstance(asked.answer, Returned | Raised)
    return {
        "api": request.api.name,
        "stage": request.stage.name,
        "method": request.verb,
        "path": request.path,
        "resource": request.found.method.path.text if request.found else None,
        "authorizer": asker.hosted.name if asker else None,
        "function": asker.hosted.function if asker else None,
        "method_arn": asked.method_arn or None,
        "identity": [{"source": each.source, "present": each.value is not None} for each in asked.identity],
        "called": asked.answer is not None,
        "answer": json.loads(asked.answer.payload) if is_told else None,  # type: ignore[union-attr]
        "principal": asked.grant.principal if asked.grant else None,
        "context": dict(asked.grant.context) if asked.grant else None,
        "statements": [
            {
                "index": each.index,
                "sid": each.sid,
                "effect": each.effect,
                "applies": each.applies,
                "reason": each.reason,
            }
            for each in statements
        ],
        "decided_by": asked.judgement.decided_by if asked.judgement else None,
        "allowed": asked.status == 200,
        "why": asked.why,
        "status": asked.status,
        "body": asked.body,
    }
