"""Renders the deliverables of a `Design` as Markdown, one module for each deliverable or large part of one. Pure.

May import `design`, `prd` and `english`. `drafting` chooses the renderer for an agent.
"""
