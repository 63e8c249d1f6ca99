"""The report's `image_vectors.npy`: read without running what is in it, and written."""
