"""From a recipe to a decoder with random weights."""

from collections.abc import Callable

from timanh.captioning.decoders.decoder import Decoder
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.vocabulary import Vocabulary


def make_decoder(
    recipe: CaptionRecipe,
    vocabulary: Vocabulary,
    *,
    places: int,
    grid_width: int,
    pooled_width: int,
) -> Decoder:
    """The decoder of a recipe, for a tower with so many places in its grid and these widths."""
    from timanh.captioning.decoders.lstm import LstmDecoder
    from timanh.captioning.decoders.prefix import PrefixDecoder
    from timanh.captioning.decoders.transformer import TransformerDecoder

    made: dict[str, Callable[..., Decoder]] = {
        "lstm": LstmDecoder,
        "transformer": TransformerDecoder,
        "prefix": PrefixDecoder,
    }
    return made[recipe.decoder](
        recipe, vocabulary, places=places, grid_width=grid_width, pooled_width=pooled_width
    )
