"""`python -m shared.checks` prints docs/rules.md from the rule tables."""

from shared.checks import all_rules

HEAD = """# Rules

Every deliverable and every pack is held against these rules. An **error** blocks: the deliverable goes back to its
agent, and what still fails is delivered as failing. A **warning** is reported. `make docs` writes this page from the
rule tables in `shared/checks/`.

| rule | severity | why |
|---|---|---|
"""


def as_markdown() -> str:
    """The text of docs/rules.md."""
    return HEAD + "".join(f"| {rule.id} | {rule.severity} | {rule.reason} |\n" for rule in all_rules())


if __name__ == "__main__":
    print(as_markdown(), end="")
