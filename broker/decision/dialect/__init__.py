"""The dialect of Rego that our rules use, translated once to Python.

`syntax` and `parser` read the text, `terms` and `translate` write Python, `values` says what
values are and how they compare, `engine` runs it. Whatever is outside the dialect is refused.
"""
