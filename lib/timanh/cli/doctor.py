"""`timanh doctor`: what this machine has and lacks."""

import os
from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.options import AsJson
from timanh.cli.output import result, result_json


def doctor(
    network: Annotated[
        bool, typer.Option("--network", help="Also check whether the model hub can be reached.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what this machine has and lacks.

    The exit code is 2 if something needed is missing.
    """
    from dataclasses import asdict

    from timanh.cli.machine import examine

    workspace = Path(os.environ.get("TIMANH_WORKSPACE") or "workspace")
    findings = list(examine(workspace, network=network))
    fit = all(finding.ok for finding in findings if finding.needed)
    if as_json:
        result_json({"ok": fit, "findings": [asdict(finding) for finding in findings]})
    else:
        longest = max(len(finding.name) for finding in findings)
        for finding in findings:
            mark = "✓" if finding.ok else "✗" if finding.needed else "·"
            result(f"{mark} {finding.name:<{longest}}  {finding.found}")
            if not finding.ok and finding.hint:
                result(f"  {'':<{longest}}  → {finding.hint}")
        result("")
        result("Everything that is needed is here." if fit else "Items marked ✗ are needed.")
    if not fit:
        raise typer.Exit(2)
