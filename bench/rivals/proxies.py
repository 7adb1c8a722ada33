"""The comparators' proxies, which do Gateline's job: ask, map the path, add the secret, tell the backend who."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.projects import FUNCTION, PATH, SECRET
from bench.servers import Server, cluster, envoy, http_filter

HERE = Path(__file__).parent


@contextlib.contextmanager
def authorizer(folder: Path, kind: str, name: str) -> Iterator[tuple[Path, int]]:
    """One of the authorizers beside this file, on a Unix socket and the proxies' processor; socket and pid."""
    socket, log = folder / f"{name}.sock", folder / f"{name}-authorizer.log"
    command = [sys.executable, str(HERE / f"{kind}_authorizer.py"), str(socket)]
    environ = {"PYTHONPATH": str(FUNCTION), "CALLS": str(folder / f"{name}.calls")}
    with machine.running(command, log, machine.PROXY_CPU, environ) as process:
        machine.wait_until(lambda: machine.listens(socket), process, log, f"the {kind} authorizer of {name}")
        yield socket, process.pid


@contextlib.contextmanager
def envoy_asking(folder: Path, kind: str, backend_port: int) -> Iterator[Server]:
    """Envoy with ext_authz to the `grpc`, `http` or `starlette` authorizer."""
    name = f"ext_authz-{kind}"
    with authorizer(folder, kind, name) as (socket, pid):
        if kind == "grpc":
            service: dict[str, object] = {
                "grpc_service": {"envoy_grpc": {"cluster_name": "ask"}, "timeout": "5s"}
            }
            protocol = "http2_protocol_options"
        else:
            principal = {"patterns": [{"exact": "x-principal"}]}
            server = {"uri": "http://authorizer/", "cluster": "ask", "timeout": "5s"}
            response = {"allowed_upstream_headers": principal}
            service = {"http_service": {"server_uri": server, "authorization_response": response}}
            protocol = "http_protocol_options"
        options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        typed = {options: {"@type": f"type.googleapis.com/{options}", "explicit_http_config": {protocol: {}}}}
        asked = cluster("ask", socket, typed_extension_protocol_options=typed)
        asking = http_filter("ask", "ext_authz.v3.ExtAuthz", transport_api_version="V3", **service)
        route = {
            "match": {"prefix": PATH},
            "route": {"cluster": "b", "prefix_rewrite": "/items/"},
            "request_headers_to_add": [
                {
                    "header": {"key": "passthrough", "value": SECRET},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
        }
        with envoy(folder, name, [route], [cluster("b", backend_port), asked], [asking]) as proxy:
            yield Server(port=proxy.port, pids=(*proxy.pids, pid))


@contextlib.contextmanager
def nginx_asking(folder: Path, backend_port: int, *, cached: bool) -> Iterator[Server]:
    """nginx with auth_request to the cheapest HTTP authorizer; its answers are kept by token, or asked each time."""
    name = "nginx-cached" if cached else "nginx"
    port, config, log = machine.free_port(), folder / f"{name}.conf", folder / f"{name}.log"
    keeping = "proxy_cache tokens; proxy_cache_key $http_authorization; proxy_cache_valid 200 403 1h;"
    with authorizer(folder, "http", name) as (socket, asked):
        user = "user root;" if os.geteuid() == 0 else ""  # a worker must reach the authorizer's socket
        config.write_text(f"""
{user} worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-fastcgi; uwsgi_temp_path {folder}/{name}-uwsgi; scgi_temp_path {folder}/{name}-scgi;
  proxy_cache_path {folder}/{name}-cache keys_zone=tokens:16m;
  upstream backend {{ server 127.0.0.1:{backend_port}; keepalive 64; keepalive_requests 100000000; }}
  upstream asked {{ server unix:{socket}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location {PATH} {{
      auth_request /ask;
      auth_request_set $principal $upstream_http_x_principal;
      proxy_set_header Connection "";
      proxy_set_header X-Principal $principal;
      proxy_set_header Passthrough {SECRET};
      proxy_pass http://backend/items/;
    }}
    location = /ask {{
      internal;
      proxy_pass_request_body off;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_pass http://asked/;
      {keeping if cached else ""}
    }}
  }}
}}
""")
        command = [str(machine.found("nginx")), "-c", str(config)]
        with machine.running(command, log, machine.PROXY_CPU) as process:
            machine.wait_until(lambda: machine.answers(f"http://127.0.0.1:{port}/"), process, log, name)
            yield Server(port=port, pids=(process.pid, asked))
