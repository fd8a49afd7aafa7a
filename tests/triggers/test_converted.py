"""A PRD in Word by every door: it runs as its text, which the manifest and the plan say."""

import json

import pytest

from shared import services as shared_services
from shared.services import Services
from shared.storage.blobs import PRDS, WORK
from tests.documents import ORDERS, as_html, as_word
from tests.triggers.conftest import Door, RecordingClient, as_client, put
from triggers.blob_drop import accept_drop
from triggers.intake import read_claim

WORD = as_word(ORDERS, picture=True)
SAID = "Converted from Word"


async def test_a_word_document_as_the_body_is_planned_and_run_as_its_text(door: Door, services: Services):
    url = "http://localhost/api/runs?name=orders.docx"
    planned = json.loads((await door.ask("make_plan", WORD, {"content-type": "text/markdown"}, url=url)).get_body())
    assert planned["plan"]["notes"][0].startswith(SAID)
    assert "left out: image: Context diagram" in planned["plan"]["text"]
    started = json.loads((await door.ask("start_run", WORD, {"content-type": "application/x"}, url=url)).get_body())
    claim, _ = await read_claim(services.blobs, started["id"])
    assert claim.run.title == "Order Service"
    assert claim.run.converted is not None
    assert (claim.run.converted.format, claim.run.converted.size) == ("Word", len(WORD))
    text = (await services.blobs.read(WORK, f"{started['id']}/prd.md"))[0].decode()
    assert "- before it is paid" in text
    again = json.loads((await door.ask("start_run", WORD, {"content-type": "application/x"}, url=url)).get_body())
    assert (again["id"], again["created"]) == (started["id"], False)


async def test_a_word_document_named_as_a_blob_is_run(door: Door, services: Services):
    await put(services, "named.docx", WORD)
    started = json.loads((await door.post({"prd": {"blob": "named.docx"}})).get_body())
    assert SAID in started["plan"]["text"]


@pytest.mark.parametrize("name", ["dropped.docx", "dropped.html"])
async def test_a_dropped_document_is_run(
    services: Services, client: RecordingClient, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(shared_services, "current", lambda: services)
    etag = await put(services, name, WORD if name.endswith("docx") else as_html(ORDERS).encode())
    started = await accept_drop(services, as_client(client), name, etag)
    assert started is not None
    assert started.plan.converted is not None
    assert started.plan.converted.format == ("Word" if name.endswith("docx") else "HTML")


async def test_a_dropped_document_that_cannot_be_read_is_answered_beside_it(
    services: Services, client: RecordingClient
):
    etag = await put(services, "broken.docx", WORD[:700])
    assert await accept_drop(services, as_client(client), "broken.docx", etag) is None
    error = json.loads((await services.blobs.read(PRDS, "broken.docx.error.json"))[0])
    assert (error["code"], error["mend"]) == ("word-broken", "Open it in Word, save it again as .docx, and send that.")
