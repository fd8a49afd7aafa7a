"""The rules of code against the contract: ids, severity, reason, what each proves and leaves, examples. Pure data."""

from shared.contracts import Rule

_CONTRACT = """=== integration-architecture.md
## API contract

```yaml
openapi: 3.1.0
info: {title: Parcels, version: 1.0.0}
paths:
  /parcels/{parcelId}:
    get:
      operationId: getParcel
      responses: {"200": {description: The parcel}, "404": {description: There is none}}
  /lockers/{lockerId}:
    get:
      operationId: getLocker
      responses: {"200": {description: The locker}, "404": {description: There is none}}
components:
  schemas:
    Parcel:
      type: object
      required: [parcelId, weight]
      properties: {parcelId: {type: string}, weight: {type: integer}}
```
"""
_PARCEL_IS_SHOWN = """
def test_a_parcel_is_shown(client):
    assert client.get("/parcels/p-1").status_code == 200

"""
_PARCEL_IS_UNKNOWN = """
def test_an_unknown_parcel_is_not_found(client):
    assert client.get("/parcels/none").status_code == 404

"""
_TESTS = f"""=== test-specifications.md
`tests/test_lockers.py`

```python
{_PARCEL_IS_SHOWN.lstrip()}{_PARCEL_IS_UNKNOWN}
def test_a_locker_is_shown(client):
    assert client.get("/lockers/l-1").status_code == 200


def test_an_unknown_locker_is_not_found(client):
    assert client.get("/lockers/none").status_code == 404
```
"""
_GOOD = _CONTRACT + _TESTS
_PARCEL_TESTS = "Requests and expectations are followed through helpers, fixtures, parameters and constants."
_OF_A_PARCEL = '"200": {description: The parcel}'

NO_CONTRACT_TEST = Rule(
    "XDC-001", "error", "An operation without a contract test may break without anybody noticing.",
    proves=f"No test calls the operation and expects a good answer. {_PARCEL_TESTS}",
    leaves="Operations that tests call in a way that expects something the reader cannot follow.",
    bad=_GOOD.replace(_PARCEL_IS_SHOWN.lstrip(), ""), good=_GOOD,
)  # fmt: skip
NO_ERROR_TEST = Rule(
    "XDC-002", "error", "Callers meet errors too; an operation without an error test leaves them open.",
    proves=f"No test calls the operation and expects an error status. {_PARCEL_TESTS}",
    leaves="Operations that tests call in a way that expects something the reader cannot follow.",
    bad=_GOOD.replace(_PARCEL_IS_UNKNOWN, ""), good=_GOOD,
)  # fmt: skip
UNKNOWN_ROUTE = Rule(
    "XDC-003", "error", "Code for a path or method that the contract lacks tests or serves nothing.",
    proves="A request of a test to the service, or a route of the sample, has a path and method that no operation has.",
    leaves="Paths that are put together at run time, requests to other services, requests that expect 404 or 405.",
    bad=_GOOD.replace('"/parcels/p-1"', '"/parcels/p-1/label"').replace(
        "\n\ndef test_a_locker_is_shown",
        '\n\ndef test_a_parcel_is_there(client):\n    assert client.get("/parcels/p-1").status_code == 200\n'
        "\n\ndef test_a_locker_is_shown",
    ),
    good=_GOOD,
)  # fmt: skip
_MODEL = """=== python-sample-implementation.md
`src/parcels/api/models.py`

```python
from pydantic import BaseModel


class Parcel(BaseModel):
    parcel_id: str
    weight: int
```
"""
MODEL_DIFFERS = Rule(
    "XDC-009", "error", "A model named after a schema is that schema, or clients fail.",
    proves="A model of the API has a schema's name, and has fields that it lacks or lacks fields that it requires.",
    leaves="Models with a base that the pack does not show, types of fields, models of inner layers.",
    bad=_GOOD + _MODEL.replace("weight: int", "height: int"), good=_GOOD + _MODEL,
)  # fmt: skip
STATUS_NOT_TESTED = Rule(
    "XDC-011", "error", "A declared error that a client can cause and no test expects may never be answered.",
    proves="An operation declares 409, 410, 412, 422 or 428, is tested, and no test of it expects that status.",
    leaves="Operations with an expectation that the reader cannot follow, and 5xx, which no request causes alone.",
    bad=_GOOD.replace(_OF_A_PARCEL, f'{_OF_A_PARCEL}, "410": {{description: It was fetched}}'),
    good=_GOOD.replace(_OF_A_PARCEL, f'{_OF_A_PARCEL}, "410": {{description: It was fetched}}').replace(
        _PARCEL_IS_UNKNOWN,
        _PARCEL_IS_UNKNOWN
        + '\ndef test_a_fetched_parcel_is_gone(client):\n    assert client.get("/parcels/p-0").status_code == 410\n\n',
    ),
)  # fmt: skip
COMMON_STATUS_NOT_TESTED = Rule(
    "XDC-012", "warning", "A status that all operations share is answered by code that no test has ever reached.",
    proves="The contract declares a status that one part of a service answers for all, and no test expects it of any "
    "operation.",
    leaves="Packs in which some expectation cannot be followed.",
    bad=_GOOD.replace(_OF_A_PARCEL, f'{_OF_A_PARCEL}, "429": {{description: Too many requests}}'), good=_GOOD,
)  # fmt: skip
_NAMED = _GOOD.replace("test_an_unknown_parcel_is_not_found", "test_get_parcel_is_not_found")
_ROWS = """
## Contract tests

| operationId | status |
|---|---|
| getParcel | 200, 404 |
"""
_NAMING = """
## Contract tests

| operationId | tests | status |
|---|---|---|
| getParcel | test_get_parcel_is_not_found, test_a_parcel_is_shown | 200, 404 |
"""
ROW_INCOMPLETE = Rule(
    "XDC-013", "warning", "A coverage table that leaves out what the tests do misleads its reader.",
    proves="A test that is named after an operation expects a declared status of it, and its row does not name that.",
    leaves="Tables without columns for operation and status, tests that are named otherwise.",
    bad=_NAMED + _ROWS.replace("200, 404", "200"), good=_NAMED + _ROWS,
)  # fmt: skip
STATUS_CLAIMED = Rule(
    "XDC-014", "warning", "A coverage table that claims what no test does hides a gap.",
    proves="A row of the coverage table claims a 4xx status, and no test expects it of the operation: neither one that "
    "calls it nor one that is given the operations of the contract, as far as their filter lets this one through.",
    leaves="Operations of which an expectation cannot be followed, or a test expects any error.",
    bad=_NAMED + _ROWS.replace("200, 404", "200, 404, 422"), good=_NAMED + _ROWS,
)  # fmt: skip
TEST_LEFT_OUT = Rule(
    "XDC-015", "warning", "Who reads the coverage table looks for a test where it says, and finds another one.",
    proves="A row claims a status that none of the tests it names expects; a test that is named after the operation, "
    "and stands in no row, does.",
    leaves="Tests that are named otherwise, or expect what cannot be followed.",
    bad=_NAMED + _NAMING.replace("test_get_parcel_is_not_found, ", ""), good=_NAMED + _NAMING,
)  # fmt: skip
RULES = (
    NO_CONTRACT_TEST, NO_ERROR_TEST, UNKNOWN_ROUTE, MODEL_DIFFERS, STATUS_NOT_TESTED, COMMON_STATUS_NOT_TESTED,
    ROW_INCOMPLETE, STATUS_CLAIMED, TEST_LEFT_OUT,
)  # fmt: skip
