"""What holds for every request: key, limits, body, uploads, problem responses, metrics."""
