"""The calibration of an engine's gallery: read, or measured in the background."""

import threading
from collections.abc import Callable
from contextlib import suppress

from timanh.models.encoder import Encoder
from timanh.search.closeness import stored
from timanh.search.closeness.judging import Calibration
from timanh.search.closeness.measuring import EncodeTexts, measure_closeness
from timanh.search.sample import GallerySample
from timanh.vectors import Searchable


class CalibrationKeeper:
    """Holds what was measured; None until then. May be used from many threads."""

    def __init__(
        self,
        encoder: Encoder,
        encode_texts: EncodeTexts,
        sample: Callable[[Searchable], GallerySample],
    ) -> None:
        self._encoder, self._encode_texts, self._sample = encoder, encode_texts, sample
        self._measured: Calibration | None = None
        self._tried = -1  # pictures of the gallery that was measured last, whatever came of it
        self._lock = threading.Lock()

    def get(self, dictionary: Searchable) -> Calibration | None:
        """What was measured on this gallery; None where it was not, or does not hold any more."""
        known = self._measured
        return known if known is not None and self._fits(known, dictionary) else None

    def is_wanted(self, dictionary: Searchable) -> bool:
        """Whether it would help to measure."""
        return self.get(dictionary) is None and self._tried != len(dictionary)

    def measure(self, dictionary: Searchable) -> None:
        """Read what was measured before, or measure and keep it; takes seconds."""
        with self._lock:
            if not self.is_wanted(dictionary):
                return
            self._tried = len(dictionary)
            found = stored.load(dictionary.folder)
            if found is None or not self._fits(found, dictionary):
                found = measure_closeness(
                    self._encoder, self._encode_texts, dictionary, self._sample(dictionary)
                )
                if found is not None:
                    with suppress(OSError):  # a folder that may only be read
                        stored.save(dictionary.folder, found)
            self._measured = found

    def _fits(self, calibration: Calibration, dictionary: Searchable) -> bool:
        fingerprint = f"{self._encoder.fingerprint}-{self._encoder.text_fingerprint}"
        return stored.fits(calibration, fingerprint, len(dictionary))
