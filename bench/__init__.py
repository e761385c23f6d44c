"""How fast Sluis is, beside what one would use instead, in the same run: `python -m bench`."""
