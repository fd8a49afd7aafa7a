"""`python -m shared.checks FOLDER` writes rules.md and the pages of rules/ there, from the rule tables."""

import sys
from pathlib import Path

from shared.checks import all_rules
from shared.checks.rule_pages import pages


def write(folder: Path) -> None:
    """Write all pages below `folder`, and remove those of rules that are gone."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for old in (folder / "rules").glob("*.md"):
        old.unlink()
    for path, text in pages(all_rules()).items():
        (folder / path).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
