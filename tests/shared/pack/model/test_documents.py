"""Documents taken apart: blocks with their paths, tables with their rows, sections, all with the document's lines."""

from shared.pack.model import PackDocument, PackDocuments

TEXT = """# Title

## Quality gates

| gate | stage | step that enforces it |
|:-----|-------|---|
| lint | Build | Lint \\| types |

### Files

**`app/main.py`**

```python
print("a | b")
```

#### `infra/release.sh`

```bash
echo hello
```

See `tests/test_a.py` below.

```text
not a file
```
"""


def test_a_block_knows_the_path_that_stands_above_it_and_its_lines():
    blocks = PackDocument("d.md", TEXT).blocks
    assert [block.path for block in blocks] == ["app/main.py", "infra/release.sh", None]
    assert blocks[0].line_of(1) == 14
    assert TEXT.splitlines()[13] == 'print("a | b")'
    assert blocks[0].heading == "Files"


def test_a_table_gives_its_cells_by_column_and_keeps_escaped_bars():
    (table,) = PackDocument("d.md", TEXT).tables
    assert table.section == table.heading == "Quality gates"
    assert table.has("gate", "step")
    (row,) = table.rows
    assert (row.cell("step"), row.cell("stage"), row.line) == ("Lint | types", "Build", 7)


def test_the_first_block_of_a_path_is_the_file():
    twice = PackDocuments({"a.md": TEXT, "b.md": TEXT.replace("hello", "other")})
    assert twice.files["infra/release.sh"].document == "a.md"


def test_a_section_ends_at_the_next_heading_of_its_level():
    document = PackDocument("d.md", TEXT)
    section = document.section("quality gates")
    assert section
    assert section.body.endswith("```")
    assert [each.level for each in document.sections] == [1, 2, 3, 4]
