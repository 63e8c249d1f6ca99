"""Ways to compute an encoder: torch, ONNX Runtime, OpenVINO, each in several precisions.

`execution` is what `load_encoder` gives an encoder, `choosing` measures and decides, `exporting`
writes the towers in other formats beside the checkpoint, `sessions` runs them.
"""

from timanh.models.runtimes.choosing import Trial
from timanh.models.runtimes.execution import Execution
from timanh.models.runtimes.names import RUNTIMES

__all__ = ["RUNTIMES", "Execution", "Trial"]
