"""`python -m shared.checks` prints docs/rules.md from the rule tables."""

from shared.checks import all_rules
from shared.checks.rule_pages import as_markdown

if __name__ == "__main__":
    print(as_markdown(all_rules()), end="")
