"""Decides one backend design from the analysis of a PRD: resources, operations, schemas, names, the OpenAPI data. Pure.

May import `prd`, `prompt` and `english`. `decisions.design_backend` makes a `model.Design`, which all documents render.
"""
