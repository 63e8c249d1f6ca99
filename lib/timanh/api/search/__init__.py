"""Searching over HTTP: reading a form, encoding many searches together, answering."""
