"""Bytes on disk: manifest, segments of vectors and items, and what changes them."""
