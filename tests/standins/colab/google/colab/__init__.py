"""Stands in for Colab's package: what the notebooks touch, with its real exception names."""
