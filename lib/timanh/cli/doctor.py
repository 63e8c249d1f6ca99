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
    ai: Annotated[
        str | None,
        typer.Option(
            "--ai",
            metavar="URL",
            help="Try the endpoints of an AI service instead, and time them; its key behind the "
            "address, as in URL#key=KEY, or in TIMANH_API_KEY.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what this machine has and lacks, or how an AI service does.

    The exit code is 2 if something needed is missing.
    """
    from dataclasses import asdict

    from timanh.cli.machine import examine

    if ai is not None:
        _check_service(ai, as_json)
        return
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


def _check_service(address: str, as_json: bool) -> None:
    """A table of an AI service's endpoints; exit code 2 if one of them fails."""
    from dataclasses import asdict

    from timanh.cli.ai_check import check_service

    rows = list(check_service(address, os.environ.get("TIMANH_API_KEY", "")))
    fit = all(row.ok for row in rows)
    if as_json:
        result_json({"ok": fit, "endpoints": [asdict(row) for row in rows]})
    else:
        longest = max(len(row.name) for row in rows)
        for row in rows:
            took = "" if row.took_ms is None else f"{row.took_ms:,.0f} ms"
            mark = "✓" if row.ok else "✗"
            result(f"{mark} {row.name:<{longest}}  {took:>10}  {row.found}")
    if not fit:
        raise typer.Exit(2)
