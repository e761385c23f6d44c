"""`python -m broker` is the command `sluis`."""

from broker.cli import main

main()
