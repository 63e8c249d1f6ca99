"""Decoders: what generate() finds is what the words one by one would give."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from small_captioning import recipe

from timanh.captioning.decoders import Decoder, Search, make_decoder
from timanh.captioning.losses import word_loss
from timanh.captioning.trained import write_captions
from timanh.captioning.vocabulary import SPECIAL, Vocabulary

WORDS = tuple(["red", "green", "blue", "circle", "square", "one", "in", "a"])
KINDS = ("lstm", "transformer")


def decoder_of(kind: str, languages: tuple[str, ...] = ("en",), **changes: Any) -> Decoder:
    torch.manual_seed(0)
    marks = tuple(f"<{one}>" for one in languages) if len(languages) > 1 else ()
    vocabulary = Vocabulary((*SPECIAL, *marks, *WORDS), languages)
    made = make_decoder(
        recipe(decoder=kind, layers=3, **changes), vocabulary,
        places=9, grid_width=6, pooled_width=5,
    ).eval()  # fmt: skip
    for parameter in made.parameters():  # far from even, so that searching matters
        parameter.data *= 4
    return made


def features(count: int) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(1)
    grid = torch.randn(count, 9, 6, generator=generator).numpy()
    return grid, torch.randn(count, 5, generator=generator).numpy()


@torch.no_grad()
def likeliest(decoder: Decoder, grid: Any, pooled: Any, language: str, most: int) -> list[int]:
    """Word by word from the start, each time with all words so far and no cache."""
    words = decoder.vocabulary
    memory = decoder.memory_of(torch.from_numpy(grid), torch.from_numpy(pooled))
    tokens = [*words.start(language)]
    for number in range(most):
        logits = decoder.logits(memory, torch.tensor([tokens]))[0, -1]
        logits[list(words.never_written)] = -torch.inf
        if not number:
            logits[words.end_id] = -torch.inf
        tokens.append(int(logits.argmax()))
        if tokens[-1] == words.end_id:
            break
    return tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("languages", [("en",), ("en", "vi")])
def test_one_beam_writes_the_likeliest_words(kind: str, languages: tuple[str, ...]) -> None:
    """So the state that is kept between words, the LSTM's in transformers' cache, is right."""
    decoder = decoder_of(kind, languages)
    grid, pooled = features(4)
    for language in languages:
        found = write_captions(
            decoder, grid, pooled, language, Search(beams=1, no_repeat=0, most_words=8)
        )
        for row, captions in enumerate(found):
            one = slice(row, row + 1)
            wanted = likeliest(decoder, grid[one], pooled[one], language, 8)
            assert captions[0].text == decoder.vocabulary.decode(
                wanted[len(decoder.vocabulary.start(language)) :]
            )


@pytest.mark.parametrize("kind", KINDS)
def test_beams_find_the_likeliest_sentence_in_batches_as_alone(kind: str) -> None:
    """With as many beams as words, and two words at most, no sentence is missed."""
    decoder = decoder_of(kind)
    grid, pooled = features(4)
    search = Search(beams=8, count=3, length_penalty=0.0, no_repeat=0, most_words=2)
    together = write_captions(decoder, grid, pooled, "en", search)
    for row, captions in enumerate(together):
        one = slice(row, row + 1)
        alone = write_captions(decoder, grid[one], pooled[one], "en", search)[0]
        assert [each.text for each in captions] == [each.text for each in alone]
        assert captions[0].text == likeliest_of_all(decoder, grid[one], pooled[one])


@torch.no_grad()
def likeliest_of_all(decoder: Decoder, grid: Any, pooled: Any) -> str:
    """Among all sentences of one and of two words; after the second the end is certain."""
    words = decoder.vocabulary
    memory = decoder.memory_of(torch.from_numpy(grid), torch.from_numpy(pooled))

    def chances(*tokens: int) -> torch.Tensor:
        logits = decoder.logits(memory, torch.tensor([[words.start_id, *tokens]]))[0, -1]
        logits[list(words.never_written)] = -torch.inf
        if not tokens:
            logits[words.end_id] = -torch.inf
        return logits.log_softmax(-1)

    known = range(words.first_word, len(words))
    begun = chances()
    scores = {(one, other): float(begun[one] + chances(one)[other])
              for one in known for other in (words.end_id, *known)}  # fmt: skip
    return words.decode(max(scores, key=lambda pair: scores[pair]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_caption_holds_what_is_no_word_or_is_empty(kind: str) -> None:
    decoder = decoder_of(kind, ("en", "vi"))
    grid, pooled = features(6)
    drawn = Search(count=5, temperature=3.0, most_words=5)
    with torch.no_grad():
        memory = decoder.memory_of(torch.from_numpy(grid), torch.from_numpy(pooled))
    tokens = decoder.write(memory, "vi", drawn)[:, 2:]
    assert tokens.shape[0] == 30
    written = tokens[tokens != decoder.vocabulary.pad_id]
    assert not set(written.tolist()) & set(decoder.vocabulary.never_written)
    found = write_captions(decoder, grid, pooled, "vi", drawn)
    texts = [each.text for captions in found for each in captions]
    assert all(texts) and len(set(texts)) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_where_it_looks_sums_to_one_over_the_whole_and_the_grid(kind: str) -> None:
    decoder = decoder_of(kind)
    grid, pooled = features(2)
    tokens = torch.tensor([[1, 5, 6], [1, 7, 8]])
    with torch.no_grad():
        memory = decoder.memory_of(torch.from_numpy(grid), torch.from_numpy(pooled))
        looked_at = decoder.looked_at(memory, tokens)
    assert looked_at.shape == (2, 3, 10)
    torch.testing.assert_close(looked_at.sum(-1), torch.ones(2, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_in_parts_of_like_length_is_that_of_the_whole(kind: str) -> None:
    decoder = decoder_of(kind, ("en", "vi"))
    grid, pooled = (torch.from_numpy(each) for each in features(3))
    sentences = ["a red circle", "one", "a blue square in a green circle", "red in blue", "green"]
    rows = [decoder.vocabulary.encode(text, "en", 20) for text in sentences]
    tokens = torch.zeros(5, max(map(len, rows)), dtype=torch.long)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row)
    owner = torch.tensor([0, 0, 1, 2, 2])
    logits = decoder.logits(decoder.memory_of(grid, pooled)[owner], tokens[:, :-1])
    targets = tokens[:, 1:].masked_fill(tokens[:, 1:] == decoder.vocabulary.ids["<en>"], 0)
    whole = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=0, label_smoothing=0.1
    )
    parts = word_loss(decoder, grid, pooled, tokens, owner, 0.1)
    assert float(parts.detach()) == pytest.approx(float(whole), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_two_threads_write_what_one_writes(kind: str) -> None:
    """The AI service lets two languages be written at once."""
    decoder = decoder_of(kind, ("en", "vi"))
    grid, pooled = features(6)

    def written(language: str) -> list[Any]:
        return write_captions(decoder, grid, pooled, language, Search(most_words=8))

    wanted = {language: written(language) for language in ("en", "vi")}
    with ThreadPoolExecutor(2) as threads:
        for language, found in zip(
            ["en", "vi"] * 10, threads.map(written, ["en", "vi"] * 10), strict=True
        ):
            assert [one[0].text for one in found] == [one[0].text for one in wanted[language]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_probability_of_a_caption_does_not_hang_on_longer_ones_beside_it(kind: str) -> None:
    decoder = decoder_of(kind)
    random = np.random.default_rng(0)
    grid = random.standard_normal((8, 9, 6)).astype(np.float32)
    pooled = random.standard_normal((8, 5)).astype(np.float32)
    search = Search(beams=5, count=5, most_words=10)
    together = write_captions(decoder, grid, pooled, "en", search)
    assert len({len(one.text.split()) for each in together for one in each}) > 2
    for row, captions in enumerate(together):
        memory = decoder.memory_of(*map(torch.from_numpy, (grid[row, None], pooled[row, None])))
        for one in captions:
            tokens = torch.tensor([decoder.vocabulary.encode(one.text, "en", 10)])
            (alone,) = decoder.log_probabilities(memory, tokens, "en")
            assert one.log_probability == pytest.approx(alone, abs=1e-4)
