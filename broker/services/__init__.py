"""The use cases. `doors.py` is the spine; the others keep what it reads."""
