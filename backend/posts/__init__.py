"""Posts with pictures in PostgreSQL; an AI service, where there is one, says what is on them."""
