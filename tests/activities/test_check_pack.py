"""What the checks across documents say of a pack, as a run is told of it."""

import json
import uuid

from activities.check_pack import check_pack
from shared.contracts import BlobRef, Document, PackCheckRequest
from shared.services import Services
from shared.storage import WORK

TESTS = "test-specifications.md"
UNFOLLOWED = """# Tests

`tests/test_clock.py`

```python
from unittest import mock


@mock.patch("service.clock")
def test_the_clock_is_given_by_a_decorator(clock):
    assert clock
```
"""
LACKING = UNFOLLOWED + "\n| operation | test |\n|---|---|\n| getClock | `test_the_clock_ticks` |\n"


async def written(services: Services, name: str, text: str) -> BlobRef:
    return await services.blobs.write(WORK, f"{uuid.uuid4()}/{name}", text.encode(), "text/markdown")


async def checked(services: Services, text: str):
    prd = await written(services, "prd.md", "# Clocks\n\n## Features\n- A clock is shown\n")
    document = Document(TESTS, "api-backend-tester", await written(services, TESTS, text))
    request = PackCheckRequest(f"run-{uuid.uuid4()}", (document,), prd, "python", None, 0)
    result = await check_pack(services, request)
    assert result.findings is not None
    return result, json.loads(await services.blobs.fetch(result.findings))


async def test_a_document_with_nothing_but_what_is_not_judged_is_not_sent_back(services: Services):
    result, findings = await checked(services, UNFOLLOWED)
    own = [(each["rule"], each["severity"]) for each in findings if each["deliverable"] == TESTS]
    assert own == [("REF-006", "unjudged")]
    assert TESTS not in {tally.deliverable for tally in result.tallies}


async def test_errors_are_tallied_and_references_counted(services: Services):
    result, _ = await checked(services, LACKING)
    assert [(tally.errors, tally.warnings) for tally in result.tallies if tally.deliverable == TESTS] == [(1, 0)]
    assert {each.kind: each.missing for each in result.references} == {"test": 1}
