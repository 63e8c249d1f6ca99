"""Chooses a runtime: the fastest whose vectors agree with torch's."""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.models.runtimes import names
from timanh.models.runtimes.exporting import export
from timanh.models.runtimes.sessions import Session, open_session
from timanh.models.torch_encoder import Arrays
from timanh.models.towers import Tower
from timanh.workspace import atomic_write

PARITY = 0.9999
ROUNDS, SLOW_S = 5, 2.0
FILE = "choice.json"


@dataclass(frozen=True)
class Trial:
    """How one runtime did with one tower.

    Attributes:
        runtime, tower: which.
        per_s: rows a second; 0 where it was not run.
        cosine: the lowest between its vectors and torch's in float32; 0 where it was not run.
        refused: why it must not be used; empty where it may.
    """

    runtime: str
    tower: str
    per_s: float
    cosine: float
    refused: str


def try_runtime(
    runtime: str, tower: Tower, device: str, place: Path, *, timed: bool = True
) -> tuple[Trial, Session | None]:
    """Export, load, compare with torch, and measure."""
    absent = names.missing(runtime)
    if absent:
        return _refusal(runtime, tower, f"needs {', '.join(absent)}"), None
    try:
        session = open_session(runtime, tower, device, export(runtime, tower, place))
        cosine = _parity(tower, session)
    except Exception as error:  # noqa: BLE001 - exporters raise whatever they like
        first = (str(error).strip().splitlines() or [""])[0][:200]
        return _refusal(runtime, tower, f"failed: {type(error).__name__}: {first}"), None
    refused = ""
    if cosine < PARITY and runtime != names.INT8:
        refused = f"cosine to torch float32 {cosine:.6f}, wanted at least {PARITY}"
    per_s = _pace(tower, session) if timed and not refused else 0.0
    return Trial(runtime, tower.which, per_s, cosine, refused), session


def choose(tower: Tower, device: str, place: Path) -> tuple[list[Trial], Session | None]:
    """Try all that this machine has; the winner's trial comes first. No session means torch."""
    trials: list[Trial] = []
    sessions: dict[str, Session] = {}
    for runtime in names.candidates(device):
        trial, session = try_runtime(runtime, tower, device, place)
        trials.append(trial)
        if session is not None and not trial.refused:
            sessions[runtime] = session
    trials.append(Trial(names.TORCH, tower.which, _pace(tower, tower.reference), 1.0, ""))
    trials.sort(key=lambda trial: (bool(trial.refused), -trial.per_s))
    return trials, sessions.get(trials[0].runtime)


def save_trials(place: Path, device: str, trials: Sequence[Trial]) -> None:
    """Write what was measured on this machine; a read-only folder is passed over."""
    stored = _read_trials(place, device)
    towers = {trial.tower for trial in trials}
    kept = [trial for trial in stored if trial.tower not in towers]
    document = {"machine": _machine(device), "trials": [asdict(one) for one in [*kept, *trials]]}
    try:
        place.mkdir(parents=True, exist_ok=True)
        with atomic_write(place / FILE) as temporary:
            temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf8")
    except OSError:
        return


def load_trials(place: Path, device: str, tower: str) -> list[Trial]:
    """What `save_trials` wrote for a tower on this machine, the winner first; else nothing."""
    return [trial for trial in _read_trials(place, device) if trial.tower == tower]


def _read_trials(place: Path, device: str) -> list[Trial]:
    try:
        document = json.loads((place / FILE).read_text(encoding="utf8"))
        if document["machine"] != _machine(device):
            return []
        return [Trial(**fields) for fields in document["trials"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _machine(device: str) -> dict[str, str]:
    """What makes measurements comparable: another machine measures again."""
    found = {"device": device, "processor": _processor()}
    for package in ("torch", "openvino", "onnxruntime"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")


def _refusal(runtime: str, tower: Tower, why: str) -> Trial:
    return Trial(runtime, tower.which, 0.0, 0.0, why)


def _parity(tower: Tower, session: Session) -> float:
    """The lowest cosine over all probes."""
    lowest = 1.0
    for batch, reference in tower.compared:
        found, wanted = _unit(session(batch)), _unit(reference)
        cosines = np.einsum("ij,ij->i", found, wanted)
        lowest = min(lowest, float(np.nan_to_num(cosines, nan=-1.0).min()))
    return lowest


def _unit(features: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = features.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


def _pace(tower: Tower, session: Session) -> float:
    """Rows a second: the best of a few rounds, after one that warms up unless it took long."""
    batch = tower.probes()[0]
    took = [_seconds(session, batch)]
    if took[0] < SLOW_S:
        took = [_seconds(session, batch) for _ in range(ROUNDS)]
    return round(len(batch[tower.inputs[0]]) / max(min(took), 1e-9), 2)


def _seconds(session: Session, batch: Arrays) -> float:
    started = time.perf_counter()
    session(batch)
    return time.perf_counter() - started
