"""Attributes of load balancers and listeners, from Amazon's keys to the model's values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateline.model.balancer_attributes import (
    BalancerAttributes,
    DesyncMode,
    ForwardedForMode,
    ListenerAttributes,
)

from .balancers import errors_of, gateway_of, http, listener_of, listening
from .conftest import LoadProject

PUBLIC: dict[str, Any] = {"scheme": "internet-facing"}
RESPONSE = "routing.http.response."


def balanced(attributes: dict[str, object], **keys: object) -> str:
    return listening(http(), balancer={**PUBLIC, "attributes": attributes, **keys})


def heard(attributes: dict[str, object]) -> str:
    return listening(http(attributes=attributes), balancer=PUBLIC)


def warnings_of(load_project: LoadProject, text: str) -> list[str]:
    report = load_project(text).report
    return [each.message for each in report.diagnostics if each.code.name == "GL257"]


def test_all_attributes_of_an_application_balancer_are_read(load_project: LoadProject) -> None:
    text = balanced(
        {
            "idle_timeout.timeout_seconds": "4000",
            "client_keep_alive.seconds": "60",
            "routing.http.desync_mitigation_mode": "strictest",
            "routing.http.drop_invalid_header_fields.enabled": "true",
            "routing.http.preserve_host_header.enabled": "true",
            "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "true",
            "routing.http.xff_client_port.enabled": "true",
            "routing.http.xff_header_processing.mode": "preserve",
            "routing.http2.enabled": "false",
            "load_balancing.cross_zone.enabled": "true",
            "deletion_protection.enabled": "false",
            "access_logs.s3.enabled": "false",
        }
    )
    assert not warnings_of(load_project, text)
    assert gateway_of(load_project, text).load_balancers[0].attributes == BalancerAttributes(
        idle_timeout=timedelta(seconds=4000),
        client_keep_alive=timedelta(seconds=60),
        desync_mitigation_mode=DesyncMode.STRICTEST,
        drop_invalid_header_fields=True,
        preserve_host_header=True,
        tls_version_and_cipher_suite=True,
        xff_client_port=True,
        xff_header_processing=ForwardedForMode.PRESERVE,
        http2=False,
    )


def test_short_keys_say_the_same(load_project: LoadProject) -> None:
    text = balanced({}, idle_timeout_seconds=7, client_keep_alive_seconds=70)
    made = gateway_of(load_project, text).load_balancers[0].attributes
    assert (made.idle_timeout.total_seconds(), made.client_keep_alive.total_seconds()) == (7, 70)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("idle_timeout.timeout_seconds", "0", "must be a whole number of seconds from 1 to 4000; it is '0'"),
        ("idle_timeout.timeout_seconds", "4001", "from 1 to 4000"),
        ("client_keep_alive.seconds", "59", "from 60 to 604800"),
        ("client_keep_alive.seconds", "-60", "from 60 to 604800"),
        ("routing.http.desync_mitigation_mode", "Strictest", "monitor, defensive or strictest"),
        ("routing.http.xff_header_processing.mode", "drop", "append, preserve or remove"),
        ("routing.http2.enabled", "yes", "true or false"),
        ("routing.http.enabled", "true", "there is no attribute"),
        ("tcp.idle_timeout.seconds", "60", "there is no attribute"),
        ("access_logs.s3.enabled", "true", "write access_logs: {path: FILE}"),
        ("connection_logs.s3.enabled", "true", "no logs of connections"),
        ("load_balancing.cross_zone.enabled", "false", "is true for every application balancer"),
    ],
)
def test_what_a_balancer_does_not_take_is_refused(
    load_project: LoadProject, key: str, value: str, told: str
) -> None:
    [error] = errors_of(load_project, balanced({key: value}))
    assert error.startswith(f"GL256 /load_balancers/b/attributes/{key}: ")
    assert told in error


@pytest.mark.parametrize(
    "key",
    [
        "waf.fail_open.enabled",
        "deletion_protection.enabled",
        "zonal_shift.config.enabled",
        "access_logs.s3.bucket",
    ],
)
def test_what_means_nothing_here_is_warned_of(load_project: LoadProject, key: str) -> None:
    text = balanced({key: "true"})
    assert not errors_of(load_project, text)
    [warning] = warnings_of(load_project, text)
    assert warning.startswith(f"{key} has no effect: ")


def test_a_short_key_beside_its_attribute_is_refused(load_project: LoadProject) -> None:
    text = balanced({"idle_timeout.timeout_seconds": "7"}, idle_timeout_seconds=7)
    [error] = errors_of(load_project, text)
    assert error.startswith("GL256 /load_balancers/b/idle_timeout_seconds: ")
    assert error.endswith("and its attribute say the same: leave one out")


def test_a_network_balancer_has_none_of_them(load_project: LoadProject) -> None:
    tcp = {"protocol": "TCP", "port": 80, "default_actions": [{"type": "forward", "target_group": "t"}]}
    balancer = {
        **PUBLIC,
        "type": "network",
        "idle_timeout_seconds": 9,
        "attributes": {"routing.http2.enabled": "true", "load_balancing.cross_zone.enabled": "true"},
    }
    groups = {"t": {"protocol": "TCP", "targets": ["10.0.3.7:9000"]}}
    text = listening(tcp, balancer=balancer, target_groups=groups)
    assert [error.split(":")[0] for error in errors_of(load_project, text)] == [
        "GL256 /load_balancers/b/attributes/routing.http2.enabled",
        "GL256 /load_balancers/b/idle_timeout_seconds",
    ]
    assert not warnings_of(load_project, text)


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
def test_a_network_balancer_says_whether_it_crosses_zones(load_project: LoadProject, scheme: str) -> None:
    tcp = {"protocol": "TCP", "port": 5432, "default_actions": [{"type": "forward", "target_group": "t"}]}
    attributes = {"load_balancing.cross_zone.enabled": True}
    balancer = {"scheme": scheme, "type": "network", "attributes": attributes}
    text = listening(tcp, balancer=balancer, target_groups={"t": {"protocol": "TCP"}})
    assert gateway_of(load_project, text).load_balancers[0].attributes == BalancerAttributes(cross_zone=True)
    assert not any("attribute" in warning for warning in warnings_of(load_project, text))


@pytest.mark.parametrize(
    ("protocol", "value", "told"),
    [
        ("TCP", 60, ""),
        ("TCP_UDP", "6000", ""),
        ("TCP", 59, "from 60 to 6000"),
        ("TCP", 6001, "from 60 to 6000"),
        ("UDP", 60, "there is no attribute"),
    ],
)
def test_a_tcp_listener_says_how_long_a_connection_may_be_idle(
    load_project: LoadProject, protocol: str, value: object, told: str
) -> None:
    held = {
        "protocol": protocol,
        "port": 5432,
        "default_actions": [{"type": "forward", "target_group": "t"}],
        "attributes": {"tcp.idle_timeout.seconds": value},
    }
    groups = {"t": {"protocol": protocol, "targets": ["10.0.3.7:9000"]}}
    text = listening(held, balancer={**PUBLIC, "type": "network"}, target_groups=groups)
    if told:
        [error] = errors_of(load_project, text)
        assert told in error
    else:
        seconds = timedelta(seconds=int(str(value)))
        assert listener_of(load_project, text).attributes == ListenerAttributes(tcp_idle_timeout=seconds)


def test_attributes_of_an_internal_balancer_are_warned_of(load_project: LoadProject) -> None:
    text = listening(
        http(attributes={RESPONSE + "server.enabled": "false"}), balancer={"idle_timeout_seconds": 7}
    )
    told = warnings_of(load_project, text)
    assert [each.partition(" has no effect")[0] for each in told] == [
        "an attribute of an internal listener",
        "an attribute of an internal balancer",
    ]


def test_all_attributes_of_a_listener_are_read(load_project: LoadProject) -> None:
    text = heard(
        {
            RESPONSE + "server.enabled": False,
            RESPONSE + "x_frame_options.header_value": "DENY",
            RESPONSE + "access_control_max_age.header_value": 600,
            "routing.http.request.x_amzn_tls_version.header_name": "X-TLS",
            "routing.http.request.x_amzn_tls_cipher_suite.header_name": "X-Cipher",
        }
    )
    assert listener_of(load_project, text).attributes == ListenerAttributes(
        server_header=False,
        response_headers=(("access-control-max-age", "600"), ("x-frame-options", "DENY")),
        tls_version_header="x-tls",
        tls_cipher_suite_header="x-cipher",
    )


MTLS = "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name"


def test_headers_about_certificates_may_have_other_names(load_project: LoadProject) -> None:
    asking = {
        "protocol": "HTTPS",
        "port": 443,
        "certificates": [{"self_signed": True}],
        "mutual_authentication": {"mode": "passthrough"},
    }
    text = listening(
        http(attributes={MTLS: "X-Issuer", MTLS.replace("issuer", "leaf"): "X-Amzn-Mtls-Clientcert-Leaf"})
        | asking,
        balancer=PUBLIC,
    )
    assert not warnings_of(load_project, text)
    renamed = listener_of(load_project, text).attributes.client_certificate_headers
    assert renamed == (("x-amzn-mtls-clientcert-issuer", "x-issuer"),)
    [warning] = warnings_of(load_project, heard({MTLS: "X-Issuer"}))
    assert "mutual_authentication is off" in warning


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (MTLS, "X Issuer", "a header's name"),
        (MTLS, "Host", "means something else already"),
        (RESPONSE + "x_frame_options.header_value", "ALLOW", "DENY, SAMEORIGIN or ALLOW-FROM URL"),
        (RESPONSE + "x_content_type_options.header_value", "sniff", "must be nosniff"),
        (RESPONSE + "strict_transport_security.header_value", "a\r\nSet-Cookie: b", "visible characters"),
        (RESPONSE + "content_security_policy.header_value", "x" * 1025, "visible characters"),
        (RESPONSE + "access_control_allow_credentials.header_value", "false", "must be true"),
        (RESPONSE + "server.enable", "false", "there is no attribute"),
        ("routing.http.request.x_amzn_tls_version.header_name", "X TLS", "a header's name"),
        ("routing.http.request.x_amzn_tls_version.header_name", "X-GL-Scope", "means something else already"),
        ("routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Cipher-Suite", "something else"),
    ],
)
def test_what_a_listener_does_not_take_is_refused(
    load_project: LoadProject, key: str, value: str, told: str
) -> None:
    [error] = errors_of(load_project, heard({key: value}))
    assert error.startswith("GL256 /load_balancers/b/listeners/0/attributes")
    assert told in error
