"""`python -m timanh` is `timanh`."""

from timanh.cli import main

main()
