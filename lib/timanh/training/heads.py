"""Heads of two joined towers, trained alone on what the towers give, which is computed once.

New ones before all epochs; and once more after the last, from what they are then, since heads that
learn beside their towers at one rate for all directions lag behind in the smaller ones.

What towers give has a large part that is common to all pictures or texts: two of e5's sentences
are alike to 0.8. Evened out by its second moments (with a ridge, for a few thousand pictures say
little of the small ones), two linear maps find each other in a few hundred steps. Evening out is
linear too, so it ends as part of the heads.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from timanh.errors import SettingsError
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.two_tower import TwoTower
from timanh.progress import tqdm
from timanh.training.blocks import is_head
from timanh.training.gradients import Gradients
from timanh.training.losses import MAX_LOGIT_SCALE
from timanh.training.optimising import rate_factor
from timanh.training.pairs import augment_caption
from timanh.training.recipe import Recipe
from timanh.training.shared import SameCaptions
from timanh.training.streamed import Pixels

MOST = 30_000  # pictures whose features are kept, 0.5 GB with their captions
# Chosen on Flickr8k's dev split; the second rate is of heads that are not new.
BATCH, RATE, RATE_AFTER, DROPOUT, DECAY, RIDGE = 512, 1e-3, 3e-4, 0.5, 0.1, 4.0
PICTURES, TEXTS = 32, 128  # computed at a time
WARMUP = 0.05


class _Schedule:
    """Up over the first steps, then down along a cosine."""

    warmup, cosine = WARMUP, True


def check_heads(network: nn.Module, recipe: Recipe) -> TwoTower:
    """`network`, whose heads can be trained alone.

    Raises:
        SettingsError: it is not two joined towers.
    """
    if not isinstance(network, TwoTower):
        raise SettingsError(
            f"head_steps={recipe.head_steps} and head_steps_after={recipe.head_steps_after} train "
            f"the heads of two joined towers, and this is a {type(network).__name__}. Leave them "
            "away."
        )
    return network


def train_heads(
    encoder: TorchEncoder,
    pixels: Pixels,
    captions: Sequence[Sequence[str]],
    recipe: Recipe,
    gradients: Gradients,
    *,
    after: bool = False,
    progress: bool = True,
) -> None:
    """Train the heads of `encoder` and its temperature in place, by `recipe.head_steps` steps.

    Args:
        captions: per picture of `pixels`; as the recipe varies them, once.
        gradients: of the run, for its loss and its precision.
        after: go on from what the heads are, by `recipe.head_steps_after`.

    Raises:
        SettingsError: as `check_heads`.
    """
    network = check_heads(encoder.network, recipe)
    draw = random.Random(f"{recipe.seed}/heads{after}")
    rows = list(range(len(pixels.names)))
    rows = sorted(draw.sample(rows, MOST)) if len(rows) > MOST else rows
    network.eval()
    seen, rows = _seen(network, encoder, pixels, rows, gradients, progress)
    if len(rows) < 2:
        return  # the first batch says why
    owners = [place for place, row in enumerate(rows) for _ in captions[row]]
    texts = [augment_caption(text, recipe, draw) for row in rows for text in captions[row]]
    read = _read(network, encoder, texts, gradients, progress)
    same = SameCaptions([captions[row] for row in rows])
    _fit(encoder, network, (seen, read), (owners, texts, same), recipe, gradients, after, progress)
    encoder.forget_fingerprint()


@contextmanager
def dropping(network: nn.Module, share: float) -> Iterator[None]:
    """In the block, while it trains, the network's heads see their inputs with dropout."""

    def drop(head: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return functional.dropout(inputs[0], share, training=head.training), *inputs[1:]

    heads = [module for name, module in network.named_children() if share and is_head(name)]
    hooks = [head.register_forward_pre_hook(drop) for head in heads]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _seen(
    network: TwoTower,
    encoder: TorchEncoder,
    pixels: Pixels,
    rows: Sequence[int],
    gradients: Gradients,
    progress: bool,
) -> tuple[Tensor, list[int]]:
    """Unit features (N, width) of the pictures that can be read, and their rows."""
    kept, features = list[int](), list[Tensor]()
    for part in _parts(rows, PICTURES, "pictures once", "img", progress):
        there, raw = pixels.take(part)
        kept += [part[place] for place in there]
        if there:
            batch = encoder.preparation.normalise(raw)
            inputs = torch.from_numpy(batch).to(encoder.device)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            with torch.no_grad(), gradients.precision():
                features.append(functional.normalize(network.vision_features(inputs).float()))
    return torch.cat(features) if features else torch.zeros(0, network.vision_width), kept


def _read(
    network: TwoTower,
    encoder: TorchEncoder,
    texts: Sequence[str],
    gradients: Gradients,
    progress: bool,
) -> Tensor:
    """Unit features (M, width) of the captions; those of like length are computed together."""
    ids = encoder.texts.token_ids(texts)
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    features = list[Tensor]()
    for part in _parts(order, TEXTS, "captions once", "text", progress):
        padded = encoder.texts.pad([ids[index] for index in part])
        inputs = [padded[key].to(encoder.device) for key in ("input_ids", "attention_mask")]
        with torch.no_grad(), gradients.precision():
            features.append(functional.normalize(network.text_features(*inputs).float()))
    together = torch.cat(features)
    found = torch.empty_like(together)
    found[torch.tensor(order, device=found.device)] = together
    return found


def _fit(
    encoder: TorchEncoder,
    network: TwoTower,
    features: tuple[Tensor, Tensor],
    said: tuple[list[int], list[str], SameCaptions],
    recipe: Recipe,
    gradients: Gradients,
    after: bool,
    progress: bool,
) -> None:
    owners, texts, same = said
    steps, peak = (recipe.head_steps_after, RATE_AFTER) if after else (recipe.head_steps, RATE)
    heads = (network.vision_projection, network.text_projection)
    before = [float(head.weight.detach().std()) for head in heads]
    even = [evened(each) for each in features]
    seen, read = (each @ matrix for each, matrix in zip(features, even, strict=True))
    if after:
        for head, matrix, size in zip(heads, even, before, strict=True):
            _replace(head, torch.linalg.solve(matrix, head.weight.detach(), left=False), size)
    learned = [head.weight for head in heads]
    scale = encoder.logit_scale
    if recipe.temperature is None:
        learned.append(scale)
    if recipe.loss == "sigmoid":
        learned.append(gradients.logit_bias)
    optimiser = torch.optim.AdamW(learned, lr=peak, weight_decay=DECAY)
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    for step in tqdm(range(steps), unit="step", desc="heads", disable=not progress):
        optimiser.param_groups[0]["lr"] = peak * rate_factor(_Schedule, step, steps)
        drawn = torch.randperm(len(texts), generator=generator)[:BATCH].tolist()
        mine = [owners[index] for index in drawn]
        sides = zip(heads, (seen[mine], read[drawn]), strict=True)
        pictures, words = (head(functional.dropout(each, DROPOUT)) for head, each in sides)
        right = same.under(mine, [texts[index] for index in drawn]).to(seen.device)
        optimiser.zero_grad(set_to_none=True)
        gradients.loss(pictures, words, right).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            scale.clamp_(0, MAX_LOGIT_SCALE)
    for head, matrix, size in zip(heads, even, before, strict=True):
        _replace(head, head.weight.detach() @ matrix, size)


def _replace(head: nn.Linear, weight: Tensor, size: float) -> None:
    """Give `head` this weight with the spread `size`: vectors are brought to unit length, so that
    it may have any, and with that of before the rates of a recipe mean the same."""
    with torch.no_grad():
        head.weight.copy_(weight * (size / weight.std()))


def evened(features: Tensor) -> Tensor:
    """The symmetric matrix (width, width) by which features (N, width) get second moments that are
    nearly alike in all directions."""
    values, vectors = torch.linalg.eigh(features.T @ features / len(features))
    matrix: Tensor = (vectors * (values + RIDGE * values.mean()).rsqrt()) @ vectors.T
    return matrix


def _parts(
    rows: Sequence[int], size: int, what: str, unit: str, progress: bool
) -> Iterator[list[int]]:
    with tqdm(total=len(rows), unit=unit, desc=what, disable=not progress) as bar:
        for start in range(0, len(rows), size):
            part = list(rows[start : start + size])
            yield part
            bar.update(len(part))
