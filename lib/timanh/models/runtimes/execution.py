"""Computes an encoder's towers, by the runtime that suits the number of rows."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import RuntimeRefusedError, SettingsError
from timanh.models.runtimes import names
from timanh.models.runtimes.choosing import Trial, choose, load_trials, save_trials, try_runtime
from timanh.models.runtimes.exporting import place_for
from timanh.models.runtimes.sessions import Session
from timanh.models.torch_encoder import IMAGE, TEXT, Arrays, TorchEncoder, TowerExecution
from timanh.models.towers import Tower

# From so many rows on it pays to export and measure, or to load what was chosen before.
WORTH_CHOOSING = {IMAGE: 512, TEXT: 20_000}
WORTH_LOADING = {IMAGE: 32, TEXT: 128}


class Execution(TowerExecution):
    """The sessions of an encoder's towers; a tower without one runs on torch in float32.

    Attributes:
        trials: what was measured, by tower, the runtime that is used first.
    """

    def __init__(self, encoder: TorchEncoder, checkpoint: Path, runtime: str) -> None:
        self.trials: dict[str, list[Trial]] = {}
        self._encoder = encoder
        self._checkpoint = checkpoint
        self._automatic = runtime == "auto"
        self._sessions: dict[str, Session] = {}
        if runtime not in ("auto", names.TORCH):
            for which in (IMAGE, TEXT):
                self._use(runtime, which)

    def run(self, which: str, batch: Arrays) -> NDArray[np.float32] | None:
        session = self._sessions.get(which)
        return None if session is None else session(batch)

    def runtime_of(self, which: str) -> str:
        tried = self.trials.get(which)
        return tried[0].runtime if tried and which in self._sessions else names.TORCH

    def choose_runtime_for(self, which: str, rows: int) -> None:
        """Choose a runtime, or load the one chosen before, if it pays for so many rows."""
        if not self._automatic or which in self.trials or rows < WORTH_LOADING[which]:
            return
        place = self._place()
        device = self._encoder.device
        before = load_trials(place, device, which)
        if before and self._load(before):
            return
        if rows < WORTH_CHOOSING[which]:
            return
        trials, session = choose(self._tower(which), device, place)
        self._set(which, trials, session)
        save_trials(place, device, trials)

    def forget(self) -> None:
        self._sessions.clear()
        self.trials.clear()
        self._automatic = False

    def _load(self, trials: list[Trial]) -> bool:
        which, runtime = trials[0].tower, trials[0].runtime
        if runtime == names.TORCH:
            self._set(which, trials, None)
            return True
        trial, session = self._try(runtime, which)
        if not trial.refused:
            self._set(which, trials, session)
        return not trial.refused

    def _use(self, runtime: str, which: str) -> None:
        absent = names.missing(runtime)
        if absent:
            raise SettingsError(
                f"The runtime {runtime} needs {' and '.join(absent)}. Install with: pip install "
                f"{' '.join(absent)}.",
                cli="Or take --runtime auto.",
                notebook='Or take runtime="auto".',
            )
        trial, session = self._try(runtime, which)
        if trial.refused:
            raise RuntimeRefusedError(
                f"{runtime} is refused for the {which} tower of {self._encoder.name}: "
                f"{trial.refused}.",
                cli="Take --runtime auto or torch.",
                notebook='Take runtime="auto" or "torch".',
            )
        self._set(which, [trial], session)

    def _try(self, runtime: str, which: str) -> tuple[Trial, Session | None]:
        device = self._encoder.device
        return try_runtime(runtime, self._tower(which), device, self._place(), timed=False)

    def _set(self, which: str, trials: list[Trial], session: Session | None) -> None:
        self.trials[which] = trials
        if session is not None:
            self._sessions[which] = session

    def _tower(self, which: str) -> Tower:
        return Tower(self._encoder, which).eval()

    def _place(self) -> Path:
        return place_for(self._checkpoint, self._encoder.fingerprint)
