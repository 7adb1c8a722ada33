"""What the connection managers of all our listeners have alike: bytes pass as they came, routes come by scope."""

from __future__ import annotations

from collections.abc import Mapping

from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension
from gateline.dataplane import keys


def connection_manager(
    name: str,
    *,
    ignored_upgrades: str = "",
    http2_streams: int = 0,
    custom_verbs: bool = False,
    host_of_http_10: str = "",
    **options: object,
) -> dict[str, object]:
    """The network filter of a listener that speaks HTTP.

    Args:
        name: of its statistics and of its scoped routes.
        ignored_upgrades: a regular expression; an Upgrade that it matches is dropped, not obeyed.
        http2_streams: how many streams a connection of HTTP/2 may have; 0: no HTTP/2 is spoken.
        custom_verbs: verbs that no standard knows are taken over HTTP/1 too.
        host_of_http_10: what stands for the Host that a client of HTTP/1.0 leaves out; "": no HTTP/1.0 is spoken.
        options: further fields of the HttpConnectionManager.

    """
    scope_key = {
        "header_value_extractor": {"name": keys.SCOPE_HEADER, "element_separator": "\x1f", "index": 0}
    }
    if http2_streams:
        options["http2_protocol_options"] = {
            "override_stream_error_on_invalid_http_message": {"value": True},  # one stream, not all of them
            "max_concurrent_streams": {"value": http2_streams},
            "initial_stream_window_size": {"value": 65536},
            "initial_connection_window_size": {"value": 1048576},
        }
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        codec_type="AUTO" if http2_streams else "HTTP1",
        # Paths reach script, mapping and backend byte for byte; odd forms are judged, not rewritten.
        normalize_path={"value": False},
        merge_slashes=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        generate_request_id={"value": False},  # a client's X-Request-Id passes; ours is %UNIQUE_ID%
        server_header_transformation="PASS_THROUGH",
        # For a loopback client Envoy would append its own address: the scope's headers append the peer.
        skip_xff_append=True,
        scoped_routes={
            "name": name,
            "scope_key_builder": {"fragments": [scope_key]},
            "rds_config_source": ADS,
            "scoped_rds": {"scoped_rds_config_source": ADS},
        },
        http_protocol_options=_http1(
            ignored_upgrades, custom_verbs=custom_verbs, host_of_http_10=host_of_http_10
        ),
        **options,
    )


def _http1(ignored_upgrades: str, *, custom_verbs: bool, host_of_http_10: str) -> dict[str, object]:
    # Functions, backends and clients see names as they were spelled (api-gateway.md section 11).
    options: dict[str, object] = {
        "header_key_format": {
            "stateful_formatter": extension(
                "preserve_case",
                "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
            )
        }
    }
    if custom_verbs:
        options["allow_custom_methods"] = True
    if host_of_http_10:
        options |= {"accept_http_10": True, "default_host_for_http_10": host_of_http_10}
    if ignored_upgrades:
        options["ignore_http_11_upgrade"] = [{"safe_regex": {"regex": ignored_upgrades}}]
    return options


def router() -> dict[str, object]:
    """The filter that sends a request on: the last one."""
    return extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        suppress_envoy_headers=True,
        dynamic_stats={"value": False},  # counters that nobody reads yet: 9,000 instructions a request
    )


def request_logs(path: str | None, line: Mapping[str, object]) -> list[dict[str, object]]:
    """One JSON line a request, of these fields, into a pipe or file; None: no log at all."""
    if path is None:
        return []
    return [
        extension(
            "gateline.request_log",
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=path,
            log_format={"json_format": line},
        )
    ]
