"""Measures, on this machine, what README and the notes state. Nothing here is a test: figures differ by machine."""
