"""The training of the demo checkpoint, from nothing, on drawn pictures whose truth is known."""
