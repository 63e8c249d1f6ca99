"""From a gallery to its dictionary: what has changed, encoding it, and small edits."""
