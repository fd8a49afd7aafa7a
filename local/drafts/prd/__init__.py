"""Reads a PRD as the offline drafts need it: statements, targets, technologies, and what is declined. Pure.

It is kept apart from `shared/prd`: the offline model meets the app over HTTP alone, so it knows only the prompt. Ids of
requirements are taken from the prompt's list, not found anew. May import `prompt` and `english`. `analysis.analyse_prd`
is what the other rooms call.
"""
