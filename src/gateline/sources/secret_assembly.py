"""From the project file's secrets to the model's: where they are read, and who replaces them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateline.model import codes
from gateline.model.secret import Acceptance, Rotation, SecretSource, SecretSourceKind
from gateline.sources.project_secret import SecretPart
from gateline.sources.workbench import Workbench

_ROTATION: Final = ("rotate_every_seconds", "accepted_by", "probe")


def secret(bench: Workbench, name: str, part: SecretPart) -> SecretSource:
    """A secret; a source without a value is complained about, and a rotation that the source does not allow."""
    kind, place = _source(bench, name, part)
    _check_rotation(bench, name, part, kind)
    return SecretSource(
        name=name, kind=kind, place=place, rotation=_rotation(part), origin=bench.origin(("secrets", name))
    )


def _source(bench: Workbench, name: str, part: SecretPart) -> tuple[SecretSourceKind, str]:
    if part.generate:
        return SecretSourceKind.GENERATE, ""
    if part.value_from is not None:
        return SecretSourceKind.AWS, str(part.value_from)
    if part.file:
        return SecretSourceKind.FILE, str(bench.file(("secrets", name, "file"), part.file))
    if not bench.circumstances.environ.get(part.env):
        state = "empty" if part.env in bench.circumstances.environ else "not set"
        bench.complaints.add(
            codes.SECRET_WITHOUT_VALUE,
            bench.origin(("secrets", name, "env")),
            f"the secret '{name}' has no value: the environment variable {part.env} is {state}",
            help=f"set {part.env} before the gateway starts",
            severity=bench.circumstances.needed_to_start,
        )
    return SecretSourceKind.ENV, part.env


def _rotation(part: SecretPart) -> Rotation:
    every = part.rotate_every_seconds
    asked = Acceptance(part.accepted_by) if part.accepted_by else None
    return Rotation(
        every=None if every is None else timedelta(seconds=every),
        accepted_by=Acceptance.PROBE if part.probe else asked,
        probe_path=str(part.probe.path) if part.probe else "",
    )


def _check_rotation(bench: Workbench, name: str, part: SecretPart, kind: SecretSourceKind) -> None:
    """Who changes a variable or a file rotates it; Secrets Manager keeps a calendar of its own."""
    here = ("secrets", name)
    if kind is SecretSourceKind.AWS and part.rotate_every_seconds is not None:
        bench.complain(
            codes.SECRET_NOT_ROTATED_HERE,
            (*here, "rotate_every_seconds"),
            f"AWS Secrets Manager says when the secret '{name}' is rotated; the gateway follows it",
            advice="give the secret a rotation schedule there, and leave rotate_every_seconds out",
        )
    if kind in {SecretSourceKind.ENV, SecretSourceKind.FILE}:
        for key in _ROTATION:
            if getattr(part, key) is not None:
                source = f"the environment variable {part.env}" if part.env else "a file"
                bench.complain(
                    codes.SECRET_NOT_ROTATED_HERE,
                    (*here, key),
                    f"the secret '{name}' is read from {source}: whoever changes that rotates it, not the gateway",
                    advice="let the gateway make the value (generate: true), or AWS Secrets Manager keep it "
                    "(value_from)",
                )
