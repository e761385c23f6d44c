"""The decision point of AuthZEN 1.0: an app of its own, with its own paths and its own errors."""
