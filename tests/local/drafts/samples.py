"""PRDs written for these tests, and the prompts that carry them."""

import hashlib

from local.drafts.drafting import answer_prompt
from local.drafts.prompt import Assignment, Prompt

LIBRARY = """# Town Library

Readers borrow books and reserve those that are out.

## Functional requirements
1. As a reader, I can search documents by title.
2. As a reader, I can create a reservation for a document and cancel the reservation.
3. A reservation has a `pickup_location` and an `expires_at`.
4. Librarians manage members and record payments.
5. Placing a reservation twice with the same idempotency key must have one effect.

## Non-functional requirements
- p95 document search latency < 180 ms
- 99.7% availability
- 35 requests per second sustained
- Reservations expire after 3 days.

## Out of scope
- E-books
"""

GATEWAY = """# Payment Gateway (PRD)

## API
| Method | Path | Purpose |
|---|---|---|
| POST | `/v2/payments` | Take a payment |
| GET | `/v2/payments/{paymentId}` | Read a payment |
| POST | `/v2/payments/{paymentId}/capture` | Capture an authorized payment |
| POST | `/tokenize` | Swap card data for a token |

## Requirements
- POST /tokenize with card_number, expiry_month, expiry_year
- Payments are stored in MongoDB and announced on RabbitMQ.
- The status of a payment moves through `authorized`, `captured` and `voided`.
- Rate limit: 25 requests per second per client.
- Capturing a payment: p99 < 900 ms

## Open questions
- Which card schemes are needed?
"""

TITLE_ONLY = "# Parking Permits\n"

GERMAN = """# Terminverwaltung

## Ziele
- Patienten buchen Termine selbst
- Termine werden in Postgres gespeichert

## Nichtfunktionale Anforderungen
- 99,9 % Verfügbarkeit
"""

NESTED = """# Fleet

## Features
- Drivers can update `/vehicles/:vin/location`
- `GET /vehicles/{vin}` returns a vehicle
- POST /vehicles/{vin}/trips starts a trip
- Create, update and delete vehicles
- Operators list alerts; a webhook is sent when an alert fires
"""

PRDS = {"library": LIBRARY, "gateway": GATEWAY, "permits": TITLE_ONLY, "termine": GERMAN, "fleet": NESTED, "empty": ""}

AGENTS = {
    "system-architect": "draft",
    "api-backend-tester": "draft",
    "azure-devops-pipelines-expert": "draft",
    "azure-monitor-logs-expert": "draft",
    "python-backend-dev": "draft",
    "csharp-expert": "draft",
}


def assign(agent: str, task: str = "draft", *, stack: str = "python", database: str | None = None) -> Assignment:
    """An assignment of the project `sample`."""
    return Assignment(agent, task, "file.md", "sample", stack, database)


def draft(prd: str, agent: str, task: str = "draft", *, stack: str = "python", database: str | None = None) -> str:
    """The draft for one PRD and agent, without a server."""
    return answer_prompt(Prompt("sample.md", prd, assign(agent, task, stack=stack, database=database)))


def lay_out(prd: str, agent: str, task: str = "draft", *, database: str = "architect's choice") -> dict[str, object]:
    """The body of a Messages API request, in the project's layout."""
    digest = hashlib.sha256(prd.encode()).hexdigest()[:12]
    cached = {"cache_control": {"type": "ephemeral"}}
    role = (
        f"<assignment>\nagent: {agent}\ntask: {task}\ndeliverable: file.md\nproject: sample\nstack: python\n"
        f"database: {database}\n</assignment>\n\nWrite the deliverable."
    )
    blocks = [
        {"type": "text", "text": f'<prd-{digest} name="sample.md">\n{prd}\n</prd-{digest}>'} | cached,
        {"type": "text", "text": role},
    ]
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 64_000,
        "system": [{"type": "text", "text": "You are one of several experts. " * 20} | cached],
        "messages": [{"role": "user", "content": blocks}],
    }
