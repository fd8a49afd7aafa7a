"""Azure on one machine: the Functions host, its storage and its durable engine, for an unmodified app folder.

Imports nothing of the app; the app is started from outside, as Azure does it.
"""
