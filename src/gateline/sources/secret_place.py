"""Secrets out of place: `${NAME}` where a value would be written into a configuration that anybody may read."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.sources.environment import EnvironmentText
from gateline.sources.tree import Node, Pointer, dotted, texts

_SECRET: Final = re.compile(r"\$\{([^{}]+)\}")
_PARTS: Final = ("load_balancers", "target_groups", "services", "domains")


def check_secret_places(tree: Node, judged: Collection[Pointer], complaints: Complaints) -> None:
    """Complain about secrets anywhere in these parts but at the places that were judged already."""
    secrets = tree.names("secrets")
    if not secrets:
        return
    for part in _PARTS:
        for pointer, node in texts(tree.child(part), (part,)):
            of_shell = part == "services" and pointer[2:3] == ("command",)  # a variable of the task's own
            if pointer in judged or of_shell or isinstance(node.value, EnvironmentText):
                continue
            name = next((f[1] for f in _SECRET.finditer(str(node.value)) if f[1] in secrets), "")
            if name:
                complaints.add(
                    codes.SECRET_OUT_OF_PLACE,
                    node.origin,
                    f"{dotted(pointer)} holds the secret '{name}'",
                    help=f"a service is given it by secrets: {{VARIABLE: {name}}}"
                    if part == "services"
                    else "only a value of an http-header condition takes a secret",
                )


def named_secrets(tree: Node) -> set[str]:
    """The secrets that load balancers compare headers with, and those that services are given."""
    named = {
        f[1] for _, node in texts(tree.child("load_balancers"), ()) for f in _SECRET.finditer(str(node.value))
    }
    for service in tree.names("services"):
        for key in ("secrets", "secret_files"):
            named |= {str(node.value) for node in tree.names("services", service, key).values()}
    return named
