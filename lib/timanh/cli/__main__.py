"""`python -m timanh.cli` is `timanh`."""

from timanh.cli.app import main

main()
