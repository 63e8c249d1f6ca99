"""Published collections of captioned pictures, fetched as data folders."""

from timanh.data.published.catalogue import CATALOGUE, Collection
from timanh.data.published.get import get_published

__all__ = ["CATALOGUE", "Collection", "get_published"]
