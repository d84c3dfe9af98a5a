"""`python -m verification.cli`: the command `trueorder`."""

from verification.cli import main

main()
