"""What an API paints with: the demo's writer or a VQGAN, and the encoder that judges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from timanh.generation.guiding import Guidance, Guided
from timanh.generation.loading import load_vqgan
from timanh.generation.prompts import Prompt, as_read
from timanh.generation.vqgan import Vqgan
from timanh.generation.writer import PictureWriter, Sampling, load_writer
from timanh.models import load_encoder
from timanh.models.encoder import Vectors
from timanh.models.torch_encoder import TorchEncoder

Words = Callable[[Sequence[str]], Vectors]
Seen = Callable[[int, int, Image.Image | None], None]  # steps done, of how many, what there is
Stopped = Callable[[], bool]

DEMO = "demo"
CANDIDATES = 16
GUIDED_STEPS = 100
PREVIEWS = 10


@dataclass(frozen=True)
class Painted:
    """A picture, its cosine to the words (−1..1), its seed, and “written” or “guided”."""

    picture: Image.Image
    score: float
    seed: int
    way: str


class Painter:
    """Pictures from words.

    Args:
        encoder: ranks what was written, or guides.
        vqgan: paints what is guided.
        writer: writes pictures; None for one that guides.
        words: in place of the encoder's `encode_texts`, where others use it too.
    """

    def __init__(
        self,
        encoder: TorchEncoder,
        *,
        vqgan: Vqgan,
        writer: PictureWriter | None = None,
        words: Words | None = None,
    ) -> None:
        self.encoder = encoder
        self.vqgan = vqgan
        self.writer = writer
        self.words = words or encoder.encode_texts

    @property
    def name(self) -> str:
        return self.writer.name if self.writer is not None else self.vqgan.name

    def paint(
        self,
        text: str,
        count: int,
        seed: int,
        seen: Seen,
        stopped: Stopped,
    ) -> list[Painted]:
        """At most `count` pictures, the best first; those that were done where it was stopped.

        Args:
            seen: how many steps of how many are done, sometimes with what there is then.

        Raises:
            QueryError: words that say nothing.
        """
        if self.writer is not None:
            return self._write(self.writer, text, count, seed, seen, stopped)
        return self._guide(text, count, seed, seen, stopped)

    def _write(
        self,
        writer: PictureWriter,
        text: str,
        count: int,
        seed: int,
        seen: Seen,
        stopped: Stopped,
    ) -> list[Painted]:
        found = writer.best(
            text, self.encoder, max(CANDIDATES, count), Sampling(seed=seed), words=self.words,
            seen=lambda done, of: seen(done, of, None), stopped=stopped,
        )  # fmt: skip
        return [Painted(each.picture, each.score or 0.0, seed, "written") for each in found[:count]]

    def _guide(
        self,
        text: str,
        count: int,
        seed: int,
        seen: Seen,
        stopped: Stopped,
    ) -> list[Painted]:
        words = self.words([as_read(text, self.encoder)])[0]
        side, done = self.vqgan.usual_side, 0
        made: list[Painted] = []
        every = max(1, GUIDED_STEPS // PREVIEWS)
        for number in range(count):
            guidance = Guidance(width=side, height=side, steps=GUIDED_STEPS, seed=seed + number)
            run = Guided(self.vqgan, self.encoder, [Prompt(text)], guidance, words=self.words)
            for step in run.steps():
                if stopped():
                    return made
                done += 1
                preview = run.picture() if step.number % every == 0 else None
                seen(done, count * GUIDED_STEPS, preview)
            picture = run.picture()
            score = float(self.encoder.encode_images([picture])[0] @ words)
            made.append(Painted(picture, score, seed + number, "guided"))
        return sorted(made, key=lambda each: -each.score)


def load_painter(
    encoder: TorchEncoder,
    vqgan: str = "demo",
    *,
    device: str = "auto",
    words: Words | None = None,
) -> Painter:
    """A painter: one that writes with `demo`, else one that `encoder` guides.

    What the demo writes is ranked by the demo's encoder, which knows its drawings and both
    languages, whatever `encoder` is.

    Raises:
        ModelError: as `load_vqgan` and `load_writer`.
    """
    painted = load_vqgan(vqgan, device=device)
    if vqgan != DEMO:
        return Painter(encoder, vqgan=painted, words=words)
    writer = load_writer(DEMO, vqgan=painted, device=device)
    if encoder.name != DEMO:
        encoder, words = load_encoder(DEMO, device=device, runtime="torch"), None
    return Painter(encoder, vqgan=painted, writer=writer, words=words)
