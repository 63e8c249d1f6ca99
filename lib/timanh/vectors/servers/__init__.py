"""Dictionaries that a database server holds a copy of and searches."""
