from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from gateline.compile.resources import LISTENER, SCOPED_ROUTE, SECRET
from gateline.dataplane import keys
from gateline.errors import GatelineError
from gateline.model.gateway import Edge
from gateline.model.origin import Origin
from gateline.model.usage_plan import ApiKey, key_digest
from gateline.runtime import candidate as candidate_module
from gateline.runtime import material
from gateline.runtime.candidate import Candidate, Memory, RunningEdge, build, read, regenerated
from gateline.runtime.key_store import HeldKeys, KeyStore
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime import projects
from runtime.authorized import write_authorized_project, write_code
from runtime.projects import API_KEY, MOCK, proxy, write_keyed_project, write_project

EDGE = Edge(port=8080, workers=1, origin=Origin("gateline.yaml", ("gateway",)))
RUNNING = RunningEdge(written=EDGE, actual=replace(EDGE, port=43210))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def made(settings: Settings, state: StateDir, edge: RunningEdge = RUNNING) -> Candidate:
    return build(read(settings, Memory()), settings, edge, state, None, Memory())


def told(made: Candidate) -> list[str]:
    return [f"{found.severity}[{found.code.name}] {found.message}" for found in made.report.diagnostics]


def test_a_good_project_becomes_resources_for_the_port_that_is_really_open(
    tmp_path: Path, state: StateDir
) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK}, gateway={"port": 8080})
    good = made(settings, state)
    assert good.resources is not None
    assert good.gateway is not None
    assert good.gateway.edge.port == 43210
    assert "port_value: 43210" in str(next(iter(good.resources.by_type[LISTENER].values())))
    assert told(good) == []


def test_an_aws_service_needs_the_library_that_signs(
    tmp_path: Path, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:eu-west-1:sqs:path/123456789012/orders",
        "responses": {"default": {"statusCode": "200"}},
    }
    settings = write_project(tmp_path, {"/orders": queue})
    assert made(settings, state).resources is not None
    monkeypatch.setattr(candidate_module, "find_spec", lambda _: None)
    without = made(settings, state)
    assert without.resources is None
    assert [text for text in told(without) if text.startswith("error[GL292]")]


def test_what_was_read_is_what_is_to_be_watched(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    names = {path.name for path in made(settings, state).files}
    assert names == {"gateline.yaml", "swagger.json"}


def test_a_broken_definition_has_complaints_and_no_resources(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    (tmp_path / "swagger.json").write_text("{")
    broken = made(settings, state)
    assert broken.resources is None
    assert broken.gateway is None
    assert broken.report.error_count == 1
    assert {path.name for path in broken.files} == {"gateline.yaml", "swagger.json"}


def test_a_changed_port_address_or_number_of_workers_is_held_and_told(
    tmp_path: Path, state: StateDir
) -> None:
    settings = write_project(
        tmp_path, {"/hello": MOCK}, gateway={"port": 9999, "address": "0.0.0.0", "workers": 3}
    )
    changed = made(settings, state)
    assert changed.gateway is not None
    edge = changed.gateway.edge
    assert (edge.address, edge.port, edge.workers) == ("127.0.0.1", 43210, 1)
    assert told(changed) == [
        f"warning[GL286] gateway.{field} changed from {before} to {now}: restart Gateline to apply it"
        for field, before, now in (
            ("address", "127.0.0.1", "0.0.0.0"),
            ("port", 8080, 9999),
            ("workers", 1, 3),
        )
    ]


def test_a_secret_that_cannot_be_used_is_told_once_and_nothing_is_compiled(
    tmp_path: Path, state: StateDir
) -> None:
    settings = write_project(tmp_path, {"/orders": proxy("http://127.0.0.1:9000/")})
    settings = replace(settings, environ={"PASSTHROUGH_SECRET": "hunter2\n"})
    broken = made(settings, state)
    assert broken.resources is None
    (message,) = told(broken)
    assert message.startswith("error[GL281] secret 'PassthroughSecret'")
    assert "hunter2" not in message


def test_a_secrets_value_stands_in_its_own_resource_alone(tmp_path: Path, state: StateDir) -> None:
    good = made(write_project(tmp_path, {"/orders": proxy("http://127.0.0.1:9000/")}), state)
    assert good.resources is not None
    holders = {
        type_url
        for type_url, messages in good.resources.by_type.items()
        for message in messages.values()
        if projects.SECRET.encode() in message.SerializeToString()
    }
    assert holders == {SECRET}
    assert projects.SECRET not in repr(good)


def test_an_https_upstream_needs_authorities_to_verify_it(
    tmp_path: Path, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "system_trust", lambda _: b"")
    settings = write_project(tmp_path, {"/orders": proxy("https://orders.example/")})
    broken = made(settings, state)
    assert broken.resources is None
    (message,) = told(broken)
    assert message.startswith("error[GL287]")


def test_a_self_signed_edge_gets_its_certificate(tmp_path: Path, state: StateDir) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK}, gateway={"tls": {"self_signed": True}})
    good = made(settings, state)
    assert good.resources is not None
    (certificate,) = good.resources.by_type[SECRET].values()
    assert b"BEGIN CERTIFICATE" in certificate.SerializeToString()


def with_domain(settings: Settings, name: str, **domain: object) -> Settings:
    """The project with a custom domain that leads to its stage."""
    text = yaml.safe_load(settings.project.read_text())
    text["domains"] = {name: {"mappings": {"": "orders/prod"}, **domain}}
    settings.project.write_text(yaml.safe_dump(text))
    return settings


def test_a_domains_certificate_stands_in_a_secret_of_its_name(tmp_path: Path, state: StateDir) -> None:
    settings = with_domain(write_project(tmp_path, {"/hello": MOCK}), "api.example.com", self_signed=True)
    good = made(settings, state)
    assert good.resources is not None, told(good)
    assert list(good.resources.by_type[SECRET]) == ["certificate/domain/api.example.com"]


def test_a_domain_whose_files_hold_nothing_is_told_and_nothing_is_compiled(
    tmp_path: Path, state: StateDir
) -> None:
    files = {"certificate": "api.pem", "private_key": "api.key"}
    for name in files.values():
        (tmp_path / name).touch()
    settings = with_domain(write_project(tmp_path, {"/hello": MOCK}), "api.example.com", **files)
    broken = made(settings, state)
    assert broken.resources is None
    assert told(broken) == [f"error[GL282] {tmp_path / 'api.pem'} holds no certificate in PEM form"]
    assert {tmp_path / "api.pem", tmp_path / "api.key"} <= broken.files


def test_a_domain_without_a_certificate_stands_in_the_edges(tmp_path: Path, state: StateDir) -> None:
    project = write_project(tmp_path, {"/hello": MOCK}, gateway={"tls": {"self_signed": True}})
    assert made(with_domain(project, "api.example.com"), state).resources is not None
    leaf = x509.load_pem_x509_certificate((state.path / "tls" / "self-signed.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "api.example.com" in names.get_values_for_type(x509.DNSName)


def guarded(folder: Path, state: StateDir, memory: Memory) -> Candidate:
    settings = write_authorized_project(folder)
    return build(read(settings, memory), settings, RUNNING, state, None, memory)


def test_a_function_comes_with_its_revision_and_its_code_is_to_be_watched(
    tmp_path: Path, state: StateDir
) -> None:
    good = guarded(tmp_path, state, Memory())
    assert [function.name for function in good.hosting.functions] == ["authorizer"]
    ((name, revision),) = good.hosting.revisions
    assert name == "authorizer"
    assert good.trees == {tmp_path / "code"}
    write_code(tmp_path, good="other one")
    assert guarded(tmp_path, state, Memory()).hosting.revisions != ((name, revision),)


def test_a_project_without_functions_needs_no_host(tmp_path: Path, state: StateDir) -> None:
    good = made(write_project(tmp_path, {"/hello": MOCK}), state)
    assert not good.hosting.is_needed
    assert (good.generations, good.trees) == ({}, frozenset())


def test_a_new_generation_changes_the_table_of_the_entry_alone_and_reads_no_file(
    tmp_path: Path, state: StateDir
) -> None:
    memory = Memory()
    before = guarded(tmp_path, state, memory)
    settings = write_authorized_project(tmp_path)
    assert regenerated(before, settings, state, None, memory) is before
    for path in (tmp_path / "swagger.json", tmp_path / "gateline.yaml", tmp_path / "code" / "auth.py"):
        path.unlink()
    memory.generations.renew(before.generations)
    after = regenerated(before, settings, state, None, memory)
    assert after.generations.keys() == before.generations.keys()
    assert after.generations != before.generations
    assert before.resources is not None
    assert after.resources is not None
    changed = {
        name
        for kind, messages in after.resources.by_type.items()
        for name, message in messages.items()
        if message != before.resources.by_type[kind][name]
    }
    assert changed == {keys.ENTRY_SCOPE}


def keyed(folder: Path, state: StateDir, memory: Memory) -> tuple[Candidate, Settings]:
    settings = write_keyed_project(folder, {"/hello": MOCK})
    return build(read(settings, memory), settings, RUNNING, state, None, memory), settings


def test_api_keys_are_known_by_digests_alone(tmp_path: Path, state: StateDir) -> None:
    candidate, _ = keyed(tmp_path, state, Memory())
    [key] = candidate.hosting.keys
    assert key.digest == key_digest(candidate.hosting.pepper, API_KEY.encode())
    assert [plan.name for plan in candidate.hosting.plans] == ["gold"]
    assert API_KEY not in str((candidate.hosting, candidate.resources))
    assert key.digest not in str(candidate.resources)


def test_a_key_that_was_revoked_since_a_reading_stays_revoked(tmp_path: Path, state: StateDir) -> None:
    memory = Memory()
    before, settings = keyed(tmp_path, state, memory)
    assert regenerated(before, settings, state, None, memory) is before
    [key] = before.hosting.keys
    KeyStore(state).write(HeldKeys(revoked={key.digest: key.key_id}))
    after = regenerated(before, settings, state, None, memory)
    assert [each.enabled for each in after.hosting.keys] == [False]
    assert before.resources is not None
    assert after.resources is not None
    scopes = (before.resources.by_type[SCOPED_ROUTE], after.resources.by_type[SCOPED_ROUTE])
    changed = {name for name, message in scopes[1].items() if message != scopes[0][name]}
    assert changed == {keys.ENTRY_SCOPE}  # so that no worker goes on with what it knows of the key


def test_a_key_of_the_state_directory_that_does_not_fit_is_a_warning(tmp_path: Path, state: StateDir) -> None:
    held = ApiKey(key_id="a", name="bob", digest="d", plans=("gone",))
    KeyStore(state).write(HeldKeys(keys=(held,), revoked={}))
    candidate, _ = keyed(tmp_path, state, Memory())
    assert candidate.resources is not None
    assert [line.partition("]")[0] for line in told(candidate)] == ["warning[GL291"]


def test_keys_of_the_state_directory_that_cannot_be_read_let_nothing_start(
    tmp_path: Path, state: StateDir
) -> None:
    (state.path / "keys.json").write_text("{")
    with pytest.raises(GatelineError, match=r"keys\.json cannot be read"):
        keyed(tmp_path, state, Memory())


def test_a_project_without_usage_plans_has_no_pepper(tmp_path: Path, state: StateDir) -> None:
    made(write_project(tmp_path, {"/hello": MOCK}), state)
    assert not (state.path / "secrets").exists()
