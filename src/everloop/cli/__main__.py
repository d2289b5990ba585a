"""`python -m everloop.cli`."""

from everloop.cli import main

main()
