"""How close a hit is to what was searched, in words that mean the same in every gallery."""
