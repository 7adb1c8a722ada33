"""The main tests: what people write, what is said about it, and what Envoy gets.

A case is a folder of `cases`; its name says what it shows. It holds a project as a user writes it; a first
line `# check: --allow GL402` gives `gateline check` those options. `make golden` rewrites every `expected`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from gateline.cli.app import app
from gateline.cli.inspection import Inspection, inspect
from gateline.compile import compile_gateway
from gateline.compile.resources import HostLookup
from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate, Secret
from gateline.model.tunnel import EnrolledNode
from gateline.runtime.envoy import find_envoy
from golden.golden import Golden
from golden.readable import REFERENCE, abridged, dump, model, resources
from golden.self_signed import self_signed
from golden.static_bootstrap import static_bootstrap

CASES: Final = Path(__file__).parent / "cases"
NAMES: Final = sorted(path.name for path in CASES.iterdir() if path.is_dir())
ENVIRONMENT: Final = {
    "API_GATEWAY_SECRET": "the value of the secret",  # what a golden file must never show
    "STAGE_HOST": "orders.internal",
}
EXAMPLE_ADDRESS: Final = "192.0.2.10"


@dataclass(frozen=True, slots=True)
class Case:
    """A case's folder and the options that it is checked with."""

    folder: Path

    @property
    def options(self) -> list[str]:
        """What follows `gateline check`."""
        first = (self.folder / "gateline.yaml").read_text(encoding="utf-8").splitlines()[0]
        return first.removeprefix("# check:").split() if first.startswith("# check:") else []

    @property
    def allowed(self) -> list[str]:
        """The codes after --allow."""
        return [option for option in self.options if option.startswith("GL")]


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    chosen = Case(CASES / request.param)
    monkeypatch.chdir(chosen.folder)
    for name, value in {**ENVIRONMENT, "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return chosen


@cache
def reference() -> Mapping[str, Sequence[Any]]:
    """The resources of the reference case, which the others are abridged against."""
    here = Path.cwd()
    os.chdir(CASES / REFERENCE)
    try:
        compiled = inspect(None, None, None).resources
    finally:
        os.chdir(here)
    assert compiled is not None
    return resources(compiled)


def shown(section: str, items: list[Any], name: str) -> str:
    """A section as its golden file shows it."""
    others = reference()[section]
    if name == REFERENCE or not others:
        return dump(items)
    same = {other["name"]: other for other in others}
    return dump([abridged(item, same.get(item["name"], others[-1])) for item in items])


def test_a_case_says_and_compiles_what_is_expected(case: Case, pytestconfig: pytest.Config) -> None:
    golden = Golden(case.folder / "expected", update=pytestconfig.getoption("--update-golden"))
    said = CliRunner().invoke(app, ["check", *case.options])
    assert "internal error" not in said.output
    golden.check("diagnostics.txt", said.output)
    inspection = inspect(None, None, case.allowed)
    assert (said.exit_code == 0) == (inspection.resources is not None)
    if inspection.loaded.gateway is not None:
        # A service's working directory is the only path of this machine that a model holds.
        golden.check("model.yaml", dump(model(inspection.loaded.gateway)).replace(str(case.folder), "CASE"))
    if inspection.resources is not None:
        for section, items in resources(inspection.resources).items():
            golden.check(f"{section}.yaml", shown(section, items, case.folder.name))
    golden.close()  # not reached after a failure: an update must not remove what it could not write


def test_no_golden_file_holds_a_secrets_value(case: Case) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (case.folder / "expected").iterdir()]
    assert texts
    assert not [text for text in texts if ENVIRONMENT["API_GATEWAY_SECRET"] in text]


@pytest.mark.envoy
def test_envoy_accepts_a_case(case: Case, tmp_path: Path) -> None:
    inspection = inspect(None, None, case.allowed)
    if inspection.resources is None:
        assert inspection.report.error_count
        return
    bootstrap = tmp_path / "envoy.json"
    bootstrap.write_text(json.dumps(_bootstrap(inspection, case)), encoding="utf-8")
    envoy = str(find_envoy(os.environ).path)
    command = [envoy, "--mode", "validate", "--config-path", str(bootstrap), "--log-level", "warning"]
    validated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert validated.returncode == 0, validated.stderr
    assert "OK" in validated.stdout


def _bootstrap(inspection: Inspection, case: Case) -> dict[str, Any]:
    """The case compiled with real values: Envoy reads certificates."""
    gateway = inspection.loaded.gateway
    assert gateway is not None
    edge = self_signed("localhost")
    shown = {source.name: self_signed(source.name) for source in gateway.certificates}
    keyring = Keyring(
        secrets=tuple(Secret(source.name, b"value") for source in gateway.secrets),
        edge_certificate=Certificate(
            name="edge", chain=edge.certificate, private_key=Secret("edge", edge.private_key)
        ),
        certificates=tuple(
            Certificate(name=name, chain=pair.certificate, private_key=Secret(name, pair.private_key))
            for name, pair in shown.items()
        ),
        client_certificates=tuple(
            Certificate(
                name=each.name, chain=edge.certificate, private_key=Secret(each.name, edge.private_key)
            )
            for each in gateway.client_certificates
        ),
        authority=edge.certificate,
        authorities=tuple(
            (group.tls.authority, edge.certificate)
            for group in gateway.target_groups
            if group.tls is not None
        ),
        link_authority=edge.certificate,
        link_certificate=Certificate(
            name="link", chain=edge.certificate, private_key=Secret("link", edge.private_key)
        ),
        link_nodes=tuple(
            EnrolledNode(tunnel=each.name, node=node, id="a1")
            for each in gateway.tunnels
            for node in ("n1", "n2")
        ),
        trust=edge.certificate,
    )
    compiled = compile_gateway(gateway, keyring, allowed=frozenset(case.allowed)).resources
    assert compiled is not None
    answers: dict[HostLookup, list[str]] = {lookup: [EXAMPLE_ADDRESS] for lookup in compiled.lookups}
    return static_bootstrap(compiled, answers)
