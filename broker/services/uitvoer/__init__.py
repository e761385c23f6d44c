"""Exports of the log: one module per form, each a pure mapping from its lines.

`regels` says what a line is here and pairs lines to acties. `ldv`, `fsc`, `tabel`, `jaarcijfers`,
`woo` and `bundel` shape one form each: no clock, no chance, no disk. `uitvoering` reads the log,
records each export as a line of its own, and only then gives it.
"""
