"""An AI service for trials of posts, as a program: the real API over a small encoder and captioner.

    python benchmarks/posts_ai.py PORT [SEED [DIM]]

Each line `SEED DIM` on its input is another model from then on. With `--demo PORT` it is the real
service with the demo encoder and captioner.
"""

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "lib")]

from pixel_encoder import PixelEncoder, unit  # noqa: E402
from posts_site import AiServer  # noqa: E402


class TrialEncoder(PixelEncoder):
    """Another seed makes other vectors of words, too."""

    def _word(self, word: str) -> Any:
        random = np.random.default_rng([zlib.crc32(word.encode()), int(self.fingerprint, 16)])
        return unit(random.standard_normal(self.dim))


class TrialAi(AiServer):
    """The real API over a `TrialEncoder`."""

    def use(self, seed: int, dim: int = 24) -> None:
        super().use(seed, dim)
        self.encoder = TrialEncoder(dim, seed)


def start_ai(
    port: int, seed: int = 0, dim: int = 24, *, demo: bool = False
) -> subprocess.Popen[str]:
    """Start it; write to its input, kill it."""
    which = ["--demo", str(port)] if demo else [str(port), str(seed), str(dim)]
    return subprocess.Popen([sys.executable, __file__, *which], stdin=subprocess.PIPE, text=True)


def main() -> None:
    """See the module's first lines."""
    if sys.argv[1] == "--demo":
        from timanh.cli import app

        app(["serve", "--ai-only", "--model", "demo", "--captioner", "demo",
             "--port", sys.argv[2]])  # fmt: skip
        return
    port, *model = map(int, sys.argv[1:])
    ai = TrialAi(*model)
    ai.port = port
    ai.start()
    for line in sys.stdin:
        ai.use(*map(int, line.split()))


if __name__ == "__main__":
    main()
