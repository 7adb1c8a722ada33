from __future__ import annotations

from gateline.model.origin import Origin
from gateline.sources.secret_place import named_secrets
from gateline.sources.tree import grow

from .balancers import condition, errors_of, http, listening, project, rule
from .conftest import LoadProject

SECRETS = {"Proof": {"env": "A"}}


def test_a_secret_stands_in_no_answer_and_no_environment(load_project: LoadProject) -> None:
    answer = {"type": "fixed-response", "status_code": 403, "message_body": "it is ${Proof}"}
    services = {"s": {"command": "x", "environment": {"PROOF": "${Proof}"}}}
    text = listening(http(default_actions=[answer]), secrets=SECRETS, services=services)
    assert errors_of(load_project, text) == [
        (
            "GL324 /load_balancers/b/listeners/0/default_actions/0/message_body: "
            "load_balancers.b.listeners[0].default_actions[0].message_body holds the secret 'Proof'"
        ),
        "GL324 /services/s/environment/PROOF: services.s.environment.PROOF holds the secret 'Proof'",
    ]


def test_a_query_is_no_place_for_a_secret(load_project: LoadProject) -> None:
    text = listening(http(rule(condition("query-string", "key=${Proof}"))), secrets=SECRETS)
    assert [line[:5] for line in errors_of(load_project, text)] == ["GL324"]


def test_a_variable_of_a_shell_is_no_secret_of_the_project(load_project: LoadProject) -> None:
    services = {"s": {"command": ["sh", "-c", "exec x ${Proof}"], "secrets": {"Proof": "Proof"}}}
    assert errors_of(load_project, project(services=services, secrets=SECRETS)) == []


def test_a_name_of_no_secret_is_text(load_project: LoadProject) -> None:
    answer = {"type": "fixed-response", "status_code": 403, "message_body": "${Other}"}
    assert errors_of(load_project, listening(http(default_actions=[answer]), secrets=SECRETS)) == []


def test_secrets_of_rules_and_services_are_used() -> None:
    header = condition("http-header", "${Proof}", http_header_name="X-Proof")
    tree = grow(
        {
            "load_balancers": {"b": {"listeners": [http(rule(header))]}},
            "services": {"s": {"secrets": {"KEY": "Key"}}, "t": {"secret_files": {"FILE": "File"}}, "u": {}},
        },
        Origin("gateline.yaml"),
    )
    assert named_secrets(tree) == {"Proof", "Key", "File"}
