"""`gateline doctor`: what this machine lacks to run Gateline."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import typer
from rich.text import Text

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, ProjectArgument
from gateline.cli.probes import Finding, Patient, State, examine
from gateline.errors import FileUnreadable
from gateline.model.gateway import Edge
from gateline.model.origin import Origin
from gateline.sources import find_project, load

_STYLE = {State.OK: "green", State.WARN: "bold yellow", State.FAIL: "bold red"}


def doctor(project: ProjectArgument = None, output: OutputOption = Output.TEXT) -> None:
    """Say what this machine lacks to run Gateline, line by line, and what to do about it.

    The exit code is 1 when something would keep a project from starting.
    """
    findings = []
    for finding in examine(_patient(project)):
        findings.append(finding)
        if output is Output.TEXT:
            console.answers().print(_line(finding), soft_wrap=True)
    failed = any(finding.state is State.FAIL for finding in findings)
    if output is Output.JSON:
        console.print_json(
            {"ok": not failed, "checks": [dataclasses.asdict(finding) for finding in findings]}
        )
    if failed:
        raise typer.Exit(1)


def _patient(project: Path | None) -> Patient:
    """The project when there is one, else a project that would be made here."""
    try:
        path = find_project(project)
    except FileUnreadable:
        if project is not None:
            raise
        path = None
    edge = Edge(origin=Origin(""))
    if path is not None:
        gateway = load(path, environ=os.environ, checking=True).gateway
        edge = gateway.edge if gateway is not None else edge
    folder = (path.parent if path is not None else Path()).absolute()
    return Patient(folder=folder, address=edge.address, port=edge.port, environ=os.environ)


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.state.value:<5}", style=_STYLE[finding.state])
    line.append(f"{finding.name:<14}", style="bold")
    line.append(finding.found, style="none")
    if finding.advice:
        line.append(f"\n{'':19}→ {finding.advice}", style="none")
    return line
