"""The gallery over HTTP: its pictures, adding to it, taking out of it."""
