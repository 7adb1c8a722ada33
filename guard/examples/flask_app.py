"""Flask behind the gateway: gunicorn flask_app:guarded."""

from flask import Flask, request

from gateline_guard import Guard, GuardWSGI

app = Flask(__name__)


@app.get("/whoami")
def whoami():
    return {"proven_by": request.environ["gateline.identity"].by}


guarded = GuardWSGI(app, Guard(secret_environment="API_GATEWAY_SECRET"))
