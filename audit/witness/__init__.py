"""A witness: sees every checkpoint of a log, and never signs two histories of it.

Speaks C2SP tlog-witness 1.0.0. `state` decides, `store` remembers, `server` listens, `command`
is the program, and `client` is the side of the log. Needs the standard library and
`cryptography` only, so that a partner can run it apart from everything else of Sluis.
"""
