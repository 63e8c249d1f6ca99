"""`python -m timanh.cli` is `timanh`."""

from timanh.cli.program import main

main()
