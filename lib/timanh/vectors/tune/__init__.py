"""Measuring ways to search a gallery on this machine, and choosing one."""
