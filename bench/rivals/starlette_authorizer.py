"""An authorizer over HTTP as most write it, Starlette on uvicorn: `starlette_authorizer.py SOCKET`."""

import sys

import uvicorn
from decision import decide
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def check(request: Request) -> Response:
    name, allowed = decide(request.headers.get("authorization", ""))
    if name is None:
        return Response(status_code=401)
    return Response(headers={"x-principal": name}) if allowed else Response(status_code=403)


app = Starlette(routes=[Route("/{path:path}", check)])
uvicorn.run(app, uds=sys.argv[1], loop="uvloop", http="httptools", log_level="error", access_log=False)
