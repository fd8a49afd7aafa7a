"""Readers of text formats: Markdown, YAML with lines, OpenAPI, Azure Pipelines, file names. Pure; they know no pack.

Each module is one format and is imported by its own name. Imports nothing of `shared` but contracts and errors.
"""
