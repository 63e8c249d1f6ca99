"""The vector dictionary: vectors of a gallery's pictures, on disk and in memory."""

from timanh.vectors.build import BuildReport, build_dictionary
from timanh.vectors.check import CheckReport
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.items import Item, item_id
from timanh.vectors.reading import Skipped

__all__ = [
    "BuildReport",
    "CheckReport",
    "Item",
    "Skipped",
    "VectorDictionary",
    "build_dictionary",
    "item_id",
]
