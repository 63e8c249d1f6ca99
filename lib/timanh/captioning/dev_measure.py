"""How a captioner does on pictures that it is not trained on, measured after each epoch."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from timanh.captioning.examples import Examples, language_of
from timanh.captioning.losses import word_loss
from timanh.captioning.trained import TrainedCaptioner
from timanh.captioning.views import View

# Candidates and the references of each to numbers, "CIDEr" among them; see `caption_scores`.
Score = Callable[[Sequence[str], Sequence[Sequence[str]]], Mapping[str, float]]
BATCH = 50


class DevMeasure:
    """Loss and, where a score is given, its numbers of the captions."""

    def __init__(
        self,
        captioner: TrainedCaptioner,
        view: View,
        first: int,
        references: Sequence[tuple[str, ...]],
        score: Score | None,
    ) -> None:
        """`references` of the pictures of `view` from number `first` on."""
        self.captioner = captioner
        self.view = view
        self.first = first
        self.references = references
        self.score = score
        vocabulary = captioner.decoder.vocabulary
        self.examples = Examples.of(references, vocabulary, captioner.recipe)

    @torch.no_grad()
    def __call__(self) -> dict[str, float]:
        losses = []
        found: dict[str, list[str]] = {language: [] for language in self.captioner.languages}
        decoder = self.captioner.decoder
        for start in range(0, len(self.references), BATCH):
            rows = range(start, min(start + BATCH, len(self.references)))
            grid, pooled = self.view.as_it_is([self.first + row for row in rows])
            tokens, owner = (
                each.to(self.captioner.device) for each in self.examples.padded(list(rows))
            )
            losses += [float(word_loss(decoder, grid, pooled, tokens, owner, 0.0))] * len(rows)
            if self.score is None:
                continue
            cells = None if grid is None else grid.float().cpu().numpy()
            whole = pooled.float().cpu().numpy()
            for language, texts in found.items():
                beams = self.captioner.search.beams
                written = self.captioner.written(cells, whole, language, beams=beams, count=1)
                texts += [each[0].text for each in written]
        return {"loss": float(np.mean(losses)), **self._scores(found)}

    def _scores(self, found: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """The mean over the languages, each against its own references."""
        if self.score is None:
            return {}
        languages = self.captioner.languages
        each = []
        for language, texts in found.items():
            own = [
                [one for one in texts_of if language_of(one, languages) == language]
                for texts_of in self.references
            ]
            pairs = [(text, wanted) for text, wanted in zip(texts, own, strict=True) if wanted]
            if pairs:
                each.append(self.score([text for text, _ in pairs], [own for _, own in pairs]))
        return {name: float(np.mean([one[name] for one in each])) for name in each[0]}
