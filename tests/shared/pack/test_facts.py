"""What a change of a document touches: names, paths, numbers and schemas, or only its words."""

from pathlib import Path

import pytest

from shared.pack.facts import facts_of

TEXT = """# Integration architecture: orders

## API contract

**`openapi.yaml`**

```yaml
paths:
  /orders:  # the list
    get:
      operationId: listOrders
      description: Lists at most 50 orders
      responses:
        "200":
          description: They are there
```

## Components

| Component | Owns |
| --- | --- |
| orders-api | `orders` |

The `orders-api` answers within 200 ms [R-001], and keeps orders for 30 days.
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[R-001]", "[R-001] [R-012]"),
        (" [R-001]", ""),
        ("| `orders` |", "| `orders` [R-003] |"),
        ("answers within", "gives its answer within"),
        ("200 ms [R-001], and keeps", "200 ms [R-001],\nand keeps"),
        ("## Components\n", "## Components\n\nThey are few.\n"),
        ("  # the list", "  # all of them"),
        ("They are there", "Here they are"),
        ("\n", "\r\n"),
    ],
)
def test_citations_words_and_comments_are_nothing_that_others_rest_on(old: str, new: str):
    changed = TEXT.replace(old, new)
    assert changed != TEXT
    assert facts_of(changed) == facts_of(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("200 ms", "300 ms"),
        ("30 days", "30 hours"),
        ("/orders:", "/order:"),
        ("listOrders", "getOrders"),
        ('"200":', '"201":'),
        ("at most 50", "at most 100"),
        ("| orders-api | `orders` |", "| orders-api | `order` |"),
        ("| orders-api |", "| order-api |"),
        ("The `orders-api`", "The `order-api`"),
        ("## Components", "## Parts"),
        ("    get:\n", "    get:\n      deprecated: true\n"),
        ("[R-001]", "[R-001] with `If-Match`"),
    ],
)
def test_a_name_a_path_a_number_or_a_schema_is(old: str, new: str):
    changed = TEXT.replace(old, new, 1)
    assert changed != TEXT
    assert facts_of(changed) != facts_of(TEXT)


def test_a_citation_in_every_paragraph_of_a_whole_document_moves_nothing():
    text = (Path(__file__).parents[2] / "golden" / "python" / "integration-architecture.md").read_text(encoding="utf-8")
    outside = text.split("```")
    outside[::2] = [part.replace(".\n", ". [R-002]\n") for part in outside[::2]]
    cited = "```".join(outside)
    assert cited.count("[R-002]") > text.count("[R-002]") + 10
    assert facts_of(cited) == facts_of(text)
