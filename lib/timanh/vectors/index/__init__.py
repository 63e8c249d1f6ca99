"""Learned and coded indexes: two steps, lists (IVF), graphs (HNSW), a GPU; codings, files."""
