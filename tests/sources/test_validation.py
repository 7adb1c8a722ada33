from __future__ import annotations

import pytest
import yaml

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources.environment import fill
from gateline.sources.project import ApiPart, GatewayPart, ProjectFile, StagePart
from gateline.sources.tree import grow
from gateline.sources.validation import Validated, part_at, validate


def judged(text: str, **environ: str) -> tuple[Validated, list[str]]:
    """The project file's text validated, and each complaint as `GLnnn /pointer message | help`."""
    complaints = Complaints()
    tree, broken = fill(grow(yaml.safe_load(text), Origin("gateline.yaml")), environ, complaints)
    validated = validate(tree, broken, complaints)
    said = [
        f"{d.code.name} {d.origin.json_pointer} {d.message}" + (f" | {d.help}" if d.help else "")
        for d in complaints.report().diagnostics
    ]
    return validated, said


def complaints_of(text: str, **environ: str) -> list[str]:
    return judged(text, **environ)[1]


BALANCER = "load_balancers: {b: {listeners: ["
API = "apis: {storefront: {definition: a.json}}\n"


def test_a_project_without_mistakes_has_no_complaint() -> None:
    validated, said = judged(API + "gateway: {port: 1}")
    assert said == []
    assert validated.project is not None
    assert validated.project.gateway == GatewayPart(port=1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("gatway: {}", "GL201 /gatway unknown key 'gatway' in the project file | did you mean 'gateway'?"),
        (
            "gateway: {accountId: '1'}",
            "GL201 /gateway/accountId unknown key 'accountId' in gateway | did you mean 'account_id'?",
        ),
        (
            "vpc_links: {l: {zzz: 1, target: 'a:1'}}",
            "GL201 /vpc_links/l/zzz unknown key 'zzz' in vpc_links.l | known keys are target",
        ),
        (
            "client_certificates: {gold: {}}",
            (
                "GL207 /client_certificates/gold client_certificates.gold: a client certificate is either"
                " generate: true, or the files certificate and private_key"
            ),
        ),
        (
            BALANCER
            + "{protocol: QUIC, port: 1, default_actions: [{type: fixed-response, status_code: 404}]}]}}",
            (
                "GL202 /load_balancers/b/listeners/0/protocol a listener of protocol QUIC is not supported yet in this"
                " version | write UDP or TCP_UDP: QUIC passes through those, without being looked into"
            ),
        ),
        (
            BALANCER + "{protocol: HTTP, port: 1, default_actions: [{type: authenticate-oidc}]}]}}",
            (
                "GL207 /load_balancers/b/listeners/0/default_actions/0 load_balancers.b.listeners[0]"
                ".default_actions[0]: an action of type authenticate-oidc needs authenticate_oidc_config"
            ),
        ),
        (
            "apis: {a: {definition: a.json, stages: {prod: {canary: {}}}}}",
            (
                "GL202 /apis/a/stages/prod/canary 'canary' in apis.a.stages.prod"
                " is not supported yet in this version"
                " | leave it out; this version can only run the project without it"
            ),
        ),
        (
            BALANCER + "{protocol: HTTP, port: 0, default_actions: [{type: forward, target_group: g}]}]}}",
            (
                "GL205 /load_balancers/b/listeners/0/port"
                " load_balancers.b.listeners[0].port must be a whole number from 1 to 65535; it is 0"
            ),
        ),
        (
            BALANCER + "{protocol: HTTP, port: 1, default_actions: [{type: fixed-response, status_code: 404, "
            f"message_body: {'x' * 1025}}}]}}]}}}}",
            (
                "GL205 /load_balancers/b/listeners/0/default_actions/0/message_body"
                " load_balancers.b.listeners[0].default_actions[0].message_body"
                f" must be text of 1024 characters at most; it is '{'x' * 57}...'"
            ),
        ),
        (
            "gateway: {port: '8080'}",
            "GL204 /gateway/port gateway.port must be a whole number, not text | write it without quotes",
        ),
        (
            "gateway: {account_id: 123456789012}",
            "GL204 /gateway/account_id gateway.account_id must be text, not a number | write it in quotes",
        ),
        (
            "gateway: {hosts: gw.example.com}",
            (
                "GL204 /gateway/hosts gateway.hosts must be a list, not text"
                " | write it in brackets, or one '- ' line each"
            ),
        ),
        ("gateway: 8080", "GL204 /gateway gateway must be a map of keys, not a number"),
        ("secrets: [A]", "GL204 /secrets secrets must be a map of keys, not a list"),
        (
            "gateway: {tls: {self_signed: 'true'}}",
            (
                "GL204 /gateway/tls/self_signed gateway.tls.self_signed must be true or false, not text"
                " | write it without quotes"
            ),
        ),
        (
            "gateway: {port: 70000}",
            "GL205 /gateway/port gateway.port must be a whole number from 0 to 65535; it is 70000",
        ),
        (
            "gateway: {trusted_hops: -1}",
            "GL205 /gateway/trusted_hops gateway.trusted_hops must be a whole number from 0 to 64; it is -1",
        ),
        ("gateway: {paths: lax}", "GL205 /gateway/paths gateway.paths must be strict or aws; it is 'lax'"),
        (
            "gateway: {region: EU}",
            "GL205 /gateway/region gateway.region must be an AWS region, such as eu-west-1; it is 'EU'",
        ),
        (
            "functions: {f: {url: 'http://169.254.169.254/'}}",
            (
                "GL205 /functions/f/url functions.f.url must be the URL of a host that may be reached,"
                " not a cloud metadata service; it is 'http://169.254.169.254/'"
            ),
        ),
        (
            "functions: {f: {timeout: 901, url: 'http://h/'}}",
            "GL205 /functions/f/timeout functions.f.timeout must be a whole number from 1 to 900; it is 901",
        ),
        (
            "functions: {f: {handlr: a.b, url: 'http://h/'}}",
            "GL201 /functions/f/handlr unknown key 'handlr' in functions.f | did you mean 'handler'?",
        ),
        (
            "vpc_links: {l: {target: ['a:1', '169.254.169.254:80']}}",
            (
                "GL205 /vpc_links/l/target/1 vpc_links.l.target[1] must be a host that may be reached,"
                " not a cloud metadata service; it is '169.254.169.254:80'"
            ),
        ),
        (
            "services: {s: {command: a, desired_count: -1}}",
            (
                "GL205 /services/s/desired_count services.s.desired_count must be a whole number from 0 to 1000;"
                " it is -1"
            ),
        ),
        ("vpc_links: {l: {target: []}}", "GL203 /vpc_links/l/target vpc_links.l.target is empty"),
        ("vpc_links: {l: {}}", "GL203 /vpc_links/l vpc_links.l has no 'target'"),
        (
            "secrets: {1a: {env: A}}",
            (
                "GL206 /secrets/1a '1a' cannot be a name in secrets:"
                " it must be a letter or '_', then letters, digits, '_' and '-', 128 at most"
            ),
        ),
        (
            "functions: {'a b': {url: 'http://h/'}}",
            (
                "GL206 /functions/a b 'a b' cannot be a name in functions: it must be 1 to 64 letters, digits, '_'"
                " and '-', and then an alias or a version if it matters: name:alias"
            ),
        ),
        (
            "gateway: {tls: {certificate: a.pem}}",
            "GL207 /gateway/tls gateway.tls: certificate and private_key are needed together",
        ),
        (
            "gateway: {tls: {certificate: a, private_key: b, self_signed: true}}",
            "GL207 /gateway/tls gateway.tls: self_signed stands alone, without certificate and private_key",
        ),
        (
            "secrets: {A: {env: A, file: b}}",
            "GL207 /secrets/A secrets.A: a secret is read from exactly one of env, file, value_from and generate: true",
        ),
        (
            "secrets: {A: {generate: false}}",
            "GL207 /secrets/A secrets.A: a secret is read from exactly one of env, file, value_from and generate: true",
        ),
    ],
)
def test_a_mistake_is_said_in_our_words_at_its_place(written: str, expected: str) -> None:
    (said,) = complaints_of(API + written)
    assert said == expected or said.partition(" | ")[0] == expected


def test_a_name_that_is_not_allowed_gets_one_that_would_do() -> None:
    assert complaints_of("apis: {My_API: {definition: a.json}}") == [
        (
            "GL206 /apis/My_API 'My_API' cannot be a name in apis: it must be 1 to 63 of a-z, 0-9 and '-':"
            " it is a part of the host name | 'my-api' would do"
        )
    ]
    api = "{definition: a.json, stages: {prod: {variables: {my-url: x}}}}"
    assert complaints_of(f"apis: {{a: {api}}}")[0].endswith("| 'my_url' would do")


def test_a_stage_takes_a_hundred_variables_and_not_one_more() -> None:
    def stage(count: int) -> str:
        return yaml.safe_dump(
            {
                "apis": {
                    "a": {
                        "definition": "d",
                        "stages": {"s": {"variables": {f"v{i}": "x" for i in range(count)}}},
                    }
                }
            }
        )

    assert complaints_of(stage(100)) == []
    assert complaints_of(stage(101)) == [
        "GL205 /apis/a/stages/s/variables apis.a.stages.s.variables has more than 100 entries"
    ]


def test_a_project_without_apis_says_so() -> None:
    assert complaints_of("name: x")[0].startswith("GL203  the project file has no 'apis'")
    assert complaints_of("apis: {}")[0].startswith("GL203  the project file has no 'apis'")
    assert complaints_of("apis:")[0].startswith("GL203  the project file has no 'apis'")


def test_every_mistake_is_found_in_one_go() -> None:
    said = complaints_of(
        "apis: {a: {definiton: x}, B: {definition: 1}}\ngateway: {port: x, region: 1}\nfoo: 1"
    )
    assert sorted(line[:5] for line in said) == [
        "GL201",
        "GL201",
        "GL203",
        "GL204",
        "GL204",
        "GL204",
        "GL206",
    ]


def test_what_is_right_can_be_used_beside_what_is_wrong() -> None:
    validated, said = judged(
        "apis: {a: {definition: x, foo: 1}, b: {}}\ngateway: {port: x, region: eu-west-1}"
    )
    assert len(said) == 3
    assert validated.project is not None
    assert validated.project.apis == {"a": ApiPart(definition="x")}
    assert validated.project.gateway == GatewayPart(region="eu-west-1")
    assert validated.lacks("apis", "b")
    assert validated.lacks("gateway")
    assert not validated.lacks("apis", "a", "definition")


def test_a_mistake_does_not_count_again_for_what_it_takes_along() -> None:
    assert [line[:5] for line in complaints_of(API + "secrets: {A: {env: 5}}")] == ["GL204"]
    assert [line[:5] for line in complaints_of("apis: {a: {definition: 5}}")] == ["GL204"]
    assert [line[:5] for line in complaints_of("apis: {a: {definition: '${env:X}'}}")] == ["GL208"]


def test_keys_without_a_value_are_as_good_as_absent() -> None:
    validated, said = judged("apis: {a: {definition: x, id: , stages: {prod: }}}\ngateway:\n")
    assert said == []
    assert validated.project is not None
    assert validated.project.apis["a"].stages == {"prod": StagePart()}


def test_numbers_and_flags_may_come_from_the_environment() -> None:
    text = API + "gateway: {port: '${env:PORT}', workers: '${env:N:-2}', tls: {self_signed: '${env:TLS}'}}"
    validated, said = judged(text, PORT="81", TLS="true")
    assert said == []
    assert validated.project is not None
    gateway = validated.project.gateway
    assert gateway is not None
    assert (gateway.port, gateway.workers) == (81, 2)
    assert gateway.tls is not None
    assert gateway.tls.self_signed


def test_text_that_looks_like_a_number_stays_text_where_text_is_wanted() -> None:
    validated, said = judged(API + "gateway: {account_id: '${env:ACCOUNT}'}", ACCOUNT="012345678901")
    assert said == []
    assert validated.project is not None
    assert validated.project.gateway == GatewayPart(account_id="012345678901")


@pytest.mark.parametrize(
    "written",
    [
        "gateway: {port: '${env:VALUE}'}",
        "gateway: {region: '${env:VALUE}'}",
        "gateway: {paths: '${env:VALUE}'}",
        "gateway: {hosts: ['${env:VALUE}']}",
        "gateway: {workers: '${env:VALUE}'}",
        "gateway: '${env:VALUE}'",
        "vpc_links: {l: {target: '${env:VALUE}:x'}}",
        "secrets: {A: {env: '${env:VALUE}'}}",
        "secrets: {A: {env: 'hunter2 !'}}",
        "secrets: {A: hunter2}",
        "secrets: {A: {value: hunter2}}",
    ],
)
def test_no_complaint_repeats_what_the_environment_holds_or_what_stands_for_a_secret(written: str) -> None:
    (said,) = complaints_of(API + written, VALUE="hunter2 !")
    assert "hunter2" not in said


def test_the_model_of_a_place_is_found() -> None:
    assert part_at(()) is ProjectFile
    assert part_at(("gateway",)) is GatewayPart
    assert part_at(("apis", "a", "stages", "prod")) is StagePart
    assert part_at(("apis",)) is None
    assert part_at(("gateway", "port")) is None
    assert part_at(("nothing",)) is None
