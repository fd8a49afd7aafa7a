"""Reading deliverables: sections and fences."""

from shared.formats import markdown

TEXT = """# Title

intro

## One

body

```yaml
## not a heading
a: 1
```

### Deeper

text

## Two
- item

  ```python
  x = 1
  ```

# Another title

lost

## Three

```bash
never closed
"""


def test_sections_run_to_the_next_heading_of_their_level_or_above():
    found = {section.title: section for section in markdown.sections(TEXT)}
    assert list(found) == ["One", "Two", "Three"]
    assert "### Deeper" in found["One"].body
    assert "lost" not in found["Two"].body
    assert found["One"].line == 5


def test_a_text_without_headings_has_no_sections():
    assert markdown.sections("just text") == []


def test_fences_are_found_with_line_language_and_whether_they_close():
    assert [(fence.language, fence.line, fence.closed) for fence in markdown.fences(TEXT)] == [
        ("yaml", 9, True),
        ("python", 21, True),
        ("bash", 31, False),
    ]


def test_a_longer_fence_may_hold_a_shorter_one():
    (fence,) = markdown.fences("````md\n```\ninner\n```\n````\n")
    assert fence.closed
    assert "inner" in fence.content


def test_the_first_title_counts():
    assert markdown.title(TEXT) == "Title"
    assert markdown.title("text only") is None
