"""The record of Sluis: an append-only log that anyone with its public key can check.

Needs the standard library and `cryptography` only. Start reading at `log` (writing) or
`verify` (checking); `python -m audit` is the tool of the auditor.
"""
