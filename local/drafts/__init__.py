"""A loopback stand-in for the model: it speaks the Messages API and answers with drafts made by rules.

Nothing here is intelligent and nothing pretends to be: every draft says at its top that no model wrote it.
It exists so that the whole pipeline can be run, watched and tested on a machine without a key or a network.
"""
