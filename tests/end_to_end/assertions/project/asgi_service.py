"""FastAPI behind the guard: says what it was told of the caller."""

import hashlib
import os
import sys

import uvicorn
from fastapi import FastAPI, Request

from gateline_guard import Guard, GuardASGI

app = FastAPI()


@app.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
async def whoami(request: Request) -> dict[str, object]:
    proof = request.scope["gateline"]
    return {
        "by": proof.by,
        "principal": proof.principal,
        "scope": proof.scope,
        "context": dict(proof.context),
        "verb": request.method,
        "body": hashlib.sha256(await request.body()).hexdigest(),
        "copies": [value for name, value in request.headers.items() if "assertion" in name],
        "port": int(sys.argv[1]),
    }


guard = Guard(
    jwks_file=os.environ["JWKS_FILE"], audience="orders", issuer="gateline:shop", bind=os.environ["BIND"]
)
uvicorn.run(GuardASGI(app, guard), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
