"""Copies in PostgreSQL with pgvector."""
