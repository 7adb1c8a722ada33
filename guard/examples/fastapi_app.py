"""FastAPI behind the gateway: uvicorn fastapi_app:guarded."""

from fastapi import FastAPI, Request

from gateline_guard import Guard, GuardASGI

app = FastAPI()


@app.get("/whoami")
async def whoami(request: Request) -> dict[str, str]:
    return {"proven_by": request.scope["gateline"].by}


guarded = GuardASGI(app, Guard(secret_environment="API_GATEWAY_SECRET"))
