"""Copies in Milvus."""
