"""A service that Gateline runs, at a port of loopback and at a Unix socket: what is saved on the way to it.

The service's own processor time counts in both, unlike that of the backend of the other cases.
"""

from __future__ import annotations

from bench import machine

_SERVE = """\
set -eu
folder=$(mktemp -d)
cat > "$folder/nginx.conf" <<END
worker_processes 1;
daemon off;
pid $folder/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server { listen $1; location / { return 200 'ok'; } }
}
END
exec "$2" -c "$folder/nginx.conf"
"""


def served_at(place: str) -> dict[str, object]:
    """The keys of a project whose VPC link `inner` leads to nginx, which listens at a place.

    Args:
        place: as nginx says it: `127.0.0.1:{port}` or `unix:{socket}`.

    Raises:
        NotUp: there is no nginx.

    """
    nginx = machine.found("nginx")
    if nginx is None:
        raise machine.NotUp("nginx is not installed (Debian: apt-get install nginx-light)")
    forward = {"type": "forward", "target_group": "items"}
    return {
        "vpc_links": {"inner": {"target": "inner"}},
        "load_balancers": {
            "inner": {
                "dns_name": "items",
                "listeners": [{"protocol": "HTTP", "port": 80, "default_actions": [forward]}],
            }
        },
        "target_groups": {"items": {"health_check": {"path": "/"}}},
        "services": {"items": {"command": ["sh", "-c", _SERVE, "serve", place, nginx]}},
    }
