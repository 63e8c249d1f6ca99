"""Tìm Ảnh: search a collection of pictures by text, by picture, or by both."""

__version__ = "0.1.0"
