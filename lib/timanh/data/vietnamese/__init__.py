"""Vietnamese as people type it: recognised, in Telex, without its marks."""
