"""Queries as vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from timanh.errors import OnlyExcludedError, QueryError
from timanh.models.encoder import Vectors
from timanh.search.combining import combine_query, steer
from timanh.search.query import Query, Understood
from timanh.search.sample import GallerySample
from timanh.vectors import Searchable


@dataclass(frozen=True)
class QueryVectors:
    """A query as vectors of unit length, (dim,) each.

    Attributes:
        vector: what is looked up.
        base: the same before likes, dislikes and unwanted words moved it; None where there are
            only those.
        text, pictures: what `base` was made of, (dim,) and (n, dim).
    """

    vector: Vectors
    base: Vectors | None
    text: Vectors | None
    pictures: Vectors | None


def encode_queries(
    queries: Sequence[Query],
    understood: Sequence[Understood],
    dictionary: Searchable,
    *,
    encode_texts: Callable[[Sequence[str]], Vectors],
    encode_images: Callable[[Sequence[Image.Image]], Vectors],
    usual: Callable[[], GallerySample],
) -> list[QueryVectors | QueryError]:
    """All of them together; an error takes the place of a query that has no vector.

    Args:
        usual: pictures of the gallery, where steering needs them.
    """
    words = [one.words for one in understood]
    texts = list(dict.fromkeys(t for t in (*words, *(u.without for u in understood)) if t))
    images = [image for query in queries for image in query.images]
    of_text = dict(zip(texts, encode_texts(texts), strict=True)) if texts else {}
    pictures = iter(encode_images(images) if images else ())
    found: list[QueryVectors | QueryError] = []
    for query, text, meaning in zip(queries, words, understood, strict=True):
        shown = [next(pictures) for _ in query.images]
        try:
            shown += list(vectors_of(dictionary, query.pictures))
            said, base = of_text[text] if text else None, None
            if said is not None or shown:
                base = combine_query(said, shown, query.alpha)
            elif meaning.excluded and not query.like:
                raise OnlyExcludedError(
                    "The query says only what should not be there "
                    f"({', '.join(meaning.excluded)}). Write what should be there too."
                )
            like, unlike = (vectors_of(dictionary, ids) for ids in (query.like, query.unlike))
            without = of_text[meaning.without] if meaning.without else None
            nudging = base is not None and (query.like or query.unlike)
            vector = steer(base, like, unlike, without, usual() if nudging else None)
            found.append(QueryVectors(vector, base, said, np.stack(shown) if shown else None))
        except QueryError as error:
            found.append(error)
    return found


def vectors_of(dictionary: Searchable, ids: Sequence[str]) -> Vectors:
    """Raises:
    UnknownPictureError: one of them is not in the dictionary.
    """
    rows = np.array([dictionary.row_of(id) for id in ids], np.int64)
    return dictionary.vectors_of(rows)
