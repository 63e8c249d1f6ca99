"""What the benchmarks share: where results go, and on what machine they were taken."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def machine() -> dict[str, Any]:
    """Processor, cores and versions, without a name or a path of this machine."""
    import numpy
    import torch

    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if "model name" in line), "unknown"
    )


def keep(name: str, document: dict[str, Any]) -> None:
    """Write `results/<name>.json` and say so."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(), **document}, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf8")
    print(f"Kept in {file.relative_to(ROOT)}", file=sys.stderr)
