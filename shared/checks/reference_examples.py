"""Examples of the rules about references: for each a bad pack and a good one, as the rules' pages show them.

Each document of an example begins after a line `=== NAME`; documents that an example leaves out hold nothing. Tests run
them all.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A pack that breaks a rule, and the same pack mended."""

    bad: str
    good: str


EXAMPLES: dict[str, Example] = {
    "REF-040": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: infra/release.sh prod
```
""",
        good="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: infra/release.sh prod
```

**`infra/release.sh`**

```bash
az containerapp update --name orders-api
```
""",
    ),
    "REF-041": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: uv run pip-licenses --fail-on GPL
    displayName: Licences
```

| gate | threshold | step that enforces it |
|---|---|---|
| licences | none forbidden | Legal compliance |
""",
        good="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: uv run pip-licenses --fail-on GPL
    displayName: Licences
```

| gate | threshold | step that enforces it |
|---|---|---|
| licences | none forbidden | Licences |
""",
    ),
    "REF-042": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: docker run --rm aquasec/trivy:0.67.2 config /repo
    displayName: Scan
```

| gate | threshold | step that enforces it |
|---|---|---|
| licences | none forbidden | Scan |
""",
        good="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: uv run pip-licenses --fail-on GPL
    displayName: Scan
```

| gate | threshold | step that enforces it |
|---|---|---|
| licences | none forbidden | Scan |
""",
    ),
    "REF-043": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: curl --fail $(apiAddress)/health
```
""",
        good="""\
=== cicd-pipeline.md

```yaml
variables:
  apiAddress: https://api.example.com
steps:
  - bash: curl --fail $(apiAddress)/health
```
""",
    ),
    "REF-044": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: curl --fail "$API_ADDRESS/health"
```
""",
        good="""\
=== cicd-pipeline.md

```yaml
steps:
  - bash: curl --fail "$API_ADDRESS/health"
    env:
      API_ADDRESS: https://api.example.com
```
""",
    ),
    "REF-045": Example(
        bad="""\
=== cicd-pipeline.md

```yaml
steps:
  - task: AzureCLI@2
    inputs:
      azureSubscription: sc-orders-prod
      scriptType: bash
      scriptLocation: inlineScript
      inlineScript: az account show
```

| environment | service connection |
|---|---|
| prod | `sc-order-production` |
""",
        good="""\
=== cicd-pipeline.md

```yaml
steps:
  - task: AzureCLI@2
    inputs:
      azureSubscription: sc-orders-prod
      scriptType: bash
      scriptLocation: inlineScript
      inlineScript: az account show
```

| environment | service connection |
|---|---|
| prod | `sc-orders-prod` |
""",
    ),
    "REF-046": Example(
        bad="""\
=== test-specifications.md

**`tests/conftest.py`**

```python
import os

PASSWORD = os.environ["DATABASE_PASSWORD"]
```

| variable | source |
|---|---|
| `TEST_PASSWORD` | generated in the job |
""",
        good="""\
=== test-specifications.md

**`tests/conftest.py`**

```python
import os

PASSWORD = os.environ["TEST_PASSWORD"]
```

| variable | source |
|---|---|
| `TEST_PASSWORD` | generated in the job |
""",
    ),
    "REF-047": Example(
        bad="""\
=== test-specifications.md

**`compose.yaml`**

```yaml
services:
  database:
    image: postgres:17.6
    environment:
      POSTGRES_PASSWORD: ${DATABASE_PASSWORD}
```

| variable | source |
|---|---|
| `TEST_PASSWORD` | generated in the job |
""",
        good="""\
=== test-specifications.md

**`compose.yaml`**

```yaml
services:
  database:
    image: postgres:17.6
    environment:
      POSTGRES_PASSWORD: ${TEST_PASSWORD}
```

| variable | source |
|---|---|
| `TEST_PASSWORD` | generated in the job |
""",
    ),
    "REF-048": Example(
        bad="""\
=== test-specifications.md

**`tests/conftest.py`**

```python
import os

STUB = os.environ.get("STUB_URL", "http://localhost:9001")
```

**`compose.yaml`**

```yaml
services:
  stub:
    image: wiremock/wiremock:3.13.1
    ports:
      - "9000:8080"
```
""",
        good="""\
=== test-specifications.md

**`tests/conftest.py`**

```python
import os

STUB = os.environ.get("STUB_URL", "http://localhost:9001")
```

**`compose.yaml`**

```yaml
services:
  stub:
    image: wiremock/wiremock:3.13.1
    ports:
      - "9001:8080"
```
""",
    ),
    "REF-050": Example(
        bad="""\
=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-uptime**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
        good="""\
=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
    ),
    "REF-051": Example(
        bad="""\
=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-outage` | operations | roll back |
""",
        good="""\
=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
    ),
    "XDC-007": Example(
        bad="""\
=== integration-architecture.md

| SLO | SLI | Objective | Window |
|---|---|---|---|
| SLO-1 | requests that do not fail / all | 99.9 % | 30 days |

=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/operations.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
        good="""\
=== integration-architecture.md

| SLO | SLI | Objective | Window |
|---|---|---|---|
| SLO-1 | requests that do not fail / all | 99.9 % | 30 days |

=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
    ),
    "XDC-008": Example(
        bad="""\
=== integration-architecture.md

| SLO | SLI | Objective | Window |
|---|---|---|---|
| SLO-1 | requests that do not fail / all | 99.9 % | 30 days |

=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.5 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
        good="""\
=== integration-architecture.md

| SLO | SLI | Objective | Window |
|---|---|---|---|
| SLO-1 | requests that do not fail / all | 99.9 % | 30 days |

=== observability-plan.md

## SLIs, SLOs and alerts

### SLO-1 Availability

Objective 99.9 % over 30 days. Query: **slo-1-availability**. Alert `slo-1-burn`: more than 1.44 % fail.

## KQL queries

**`queries/slo-1-availability.kql`**

```kusto
AppRequests
| count
```

| alert | look at | first measure |
|---|---|---|
| `slo-1-burn` | operations | roll back |
""",
    ),
    "REF-052": Example(
        bad="""\
=== integration-architecture.md

| event | producer | consumers | channel |
|---|---|---|---|
| `order.created` | `order-api` | none | topic `orders` |
""",
        good="""\
=== integration-architecture.md

| event | producer | consumers | channel |
|---|---|---|---|
| `order.created` | `order-api` | `shipping` | topic `orders` |
""",
    ),
    "REF-053": Example(
        bad="""\
=== integration-architecture.md

| event | producer | consumers | channel |
|---|---|---|---|
| `order.created` | `order-api` | `shipping` | topic `orders` |

=== python-sample-implementation.md

**`app/orders.py`**

```python
async def place(outbox, order):
    await outbox.publish("order.made", order.id)
```
""",
        good="""\
=== integration-architecture.md

| event | producer | consumers | channel |
|---|---|---|---|
| `order.created` | `order-api` | `shipping` | topic `orders` |

=== python-sample-implementation.md

**`app/orders.py`**

```python
async def place(outbox, order):
    await outbox.publish("order.created", order.id)
```
""",
    ),
}
