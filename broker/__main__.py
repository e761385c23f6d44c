"""`python -m broker` is the command `sluis`."""

from broker.cli import main

# A process that works for this one reads this module too, and must not run the command again.
if __name__ == "__main__":
    main()
