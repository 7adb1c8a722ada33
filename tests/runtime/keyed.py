"""Usage plans and keys, for tests of what is known of keys."""

from __future__ import annotations

from pathlib import Path

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.model.usage_plan import KeySource, PlanStage, Quota, UsagePlan
from gateline.runtime.api_keys import NamedKey, read_declared_keys
from gateline.runtime.key_desk import KeyDesk
from gateline.runtime.key_store import KeyStore
from gateline.runtime.state_dir import StateDir

ACME = "kJx4Qm8Zt2Vw6Rb9Ln3P"
BOB = "Zt2Vw6Rb9Ln3PkJx4Qm8"
ENVIRON = {"ACME_KEY": ACME, "BOB_KEY": BOB, "SHORT": "too-short"}
PEPPER = "pepper"


def source(name: str, env: str = "", *, file: str = "", enabled: bool = True) -> KeySource:
    origin = Origin("gateline.yaml", ("usage_plans", name))
    return KeySource(name=name, env=env, file=file, enabled=enabled, origin=origin)


def plan(
    name: str, *scopes: str, keys: tuple[KeySource, ...] = (), file: str = "", quota: Quota | None = None
) -> UsagePlan:
    """A usage plan for stages such as `orders/prod`."""
    stages = tuple(PlanStage(api=api, stage=stage) for api, _, stage in (s.partition("/") for s in scopes))
    origin = Origin("gateline.yaml", ("usage_plans", name))
    return UsagePlan(name=name, stages=stages, keys=keys, keys_file=file, quota=quota, origin=origin)


def declared(*plans: UsagePlan, pepper: str = PEPPER) -> tuple[tuple[NamedKey, ...], list[str]]:
    """The keys that plans declare, and the complaints."""
    complaints = Complaints()
    found = read_declared_keys(plans, ENVIRON, lambda path: path.name, pepper, complaints)
    said = [f"{d.code.name} {d.message}" for d in complaints.report().diagnostics]
    assert not [each for each in said if ACME in each or BOB in each or "too-short" in each]
    return found, said


def desk(state: StateDir, *plans: UsagePlan, usage: Path | None = None) -> KeyDesk:
    """A desk of these plans."""
    store = KeyStore(state)
    return KeyDesk(
        store=store,
        plans=plans,
        declared=declared(*plans, pepper=store.pepper())[0],
        place=lambda origin: origin.file,
        usage=usage or state.usage,
    )
