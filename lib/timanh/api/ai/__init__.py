"""The AI service: embeddings and captions of pictures, labels without training."""
