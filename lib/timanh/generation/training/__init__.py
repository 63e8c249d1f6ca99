"""The trainings of the demo's VQGAN and of its writer, on drawn scenes."""
