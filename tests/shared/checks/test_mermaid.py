"""Mermaid diagrams: good ones pass, each defect has its rule and place."""

import json
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import Context
from shared.checks.mermaid import check
from shared.contracts import Finding
from tests.mutants import Mutant

GOOD = """# Architecture

## Overview

```mermaid
flowchart LR
    client["Client"] --> api["orders-api"]
    api --> db[("orders-db")]
```

- A list holds one as well:

  ```mermaid
  sequenceDiagram
      participant a as "Client"
      participant b as "orders-api"
      a->>b: POST /orders
      alt stored
          b-->>a: 201
      end
  ```

```mermaid
---
title: Entities
---
%% keys only
erDiagram
    ORDER ||--o{ LINE : has
    ORDER {
        uuid id PK
    }
```

```mermaid
stateDiagram-v2
    [*] --> placed
    placed --> [*]
```
"""


def findings(text: str) -> list[Finding]:
    return list(check(Context("integration-architecture.md", text, ())))


def test_good_diagrams_have_no_findings():
    assert findings(GOOD) == []


DEFECTS = [
    ("MER-001", 'api["orders-api"]\n', 'api["orders-api"\n'),
    ("MER-001", "          b-->>a: 201\n      end\n", "          b-->>a: 201\n"),
    ("MER-001", "||--o{ LINE : has", "||--o LINE : has"),
    ("MER-001", "client[", "end["),
    ("MER-002", '    client["Client"] --> api["orders-api"]\n    api --> db[("orders-db")]\n', ""),
    ("MER-002", "stateDiagram-v2\n    [*] --> placed\n    placed --> [*]\n", "%% to do\n"),
    ("MER-002", "    [*] --> placed\n    placed --> [*]\n", "    direction LR\n"),
    ("MER-002", "stateDiagram-v2\n    [*] --> placed\n    placed --> [*]\n", ""),
    ("MER-003", "flowchart LR", "flowchrt LR"),
    ("MER-003", "erDiagram", "entityDiagram"),
    ("MER-004", "client[", "x" * 21_000 + "["),
    ("MER-004", "    [*] --> placed\n", "    [*] --> placed\n" + "%% padding\n" * 2_000),
]


def spoiled(old: str, new: str) -> list[Finding]:
    assert old in GOOD
    return findings(GOOD.replace(old, new, 1))


MUTANTS = [Mutant(rule, f"{old} becomes {new}", partial(spoiled, old, new)) for rule, old, new in DEFECTS]


def test_a_finding_names_the_line_of_the_document():
    text = GOOD.replace("||--o{", "||--o")
    assert text.splitlines()[findings(text)[0].line - 1].strip().startswith("ORDER ||--o LINE")


def test_a_diagram_that_breaks_off_is_marked_on_its_last_line():
    text = GOOD.replace("          b-->>a: 201\n      end\n", "          b-->>a: 201\n")
    assert text.splitlines()[findings(text)[0].line - 1].strip() == "b-->>a: 201"


def test_too_many_diagrams_are_a_finding():
    (finding,) = findings("# A\n\n" + "```mermaid\nflowchart LR\n a --> b\n```\n\n" * 103)
    assert finding.rule == "MER-004"
    assert finding.message.startswith("3 diagrams")


PIECES = st.sampled_from(
    ["flowchart LR\n", "sequenceDiagram\n", "erDiagram\n", "pie\n", "a", " --> ", "[", "]", "{", "}", "\n", '"', "%%", "---\n", "end", "subgraph ", "->>", ": ", ";", "é😀", "\x00", "&", "||--o{", "classDiagram\n", "click "]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_any_diagram_is_judged_without_an_exception(source: str):
    text = f"# A\n\n```mermaid\n{source}\n```\n"
    for finding in findings(text):
        json.dumps(finding.to_dict(), ensure_ascii=False).encode()
        assert 1 <= finding.line <= len(text.splitlines()) + 1
