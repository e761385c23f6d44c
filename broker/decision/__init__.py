"""The decision: register (law as data), engine (rules in Rego), and `decide`."""
