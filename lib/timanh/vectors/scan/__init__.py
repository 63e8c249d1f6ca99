"""Exact search: products with every vector, and the best kept."""
