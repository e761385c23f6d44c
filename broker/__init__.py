"""Sluis: the broker between partners of a RIEC.

It decides each question on its legal basis, relays it to the partner that holds the data,
lets through only what may pass, and records every access before anything leaves.
"""
