"""A PRD in Word, from a drop to the manifest: it says what was converted, and what was lost."""

import json

from tests.documents import ORDERS, as_html, as_word
from tests.e2e.conftest import Product

WORD = as_word(ORDERS.replace("Order Service", "Word Orders"), picture=True)


async def test_a_dropped_word_document_is_designed_as_its_text(product: Product):
    await product.drop("word-orders.docx", WORD)
    run = await product.run_of("word-orders.docx")
    assert run["status"] == "completed"
    assert run["prd"]["converted"]["lost"] == ["image: Context diagram"]
    files = {file["path"].rsplit("/", 1)[-1]: file["path"] for file in run["files"]}
    manifest = json.loads(await product.blob("designs", files["manifest.json"]))
    assert manifest["prd"]["converted"]["format"] == "Word"
    assert manifest["plan"]["notes"] == [manifest["plan"]["notes"][0]]
    text = (await product.blob("designs", files["prd.md"])).decode()
    assert "2. A support agent can cancel an order:\n   - before it is paid" in text
    written = (await product.blob("designs", files["MANIFEST.md"])).decode()
    assert "Converted from Word" in written
    assert "left out: image: Context diagram" in written


async def test_a_page_sent_over_http_gives_the_requirements_of_its_markdown(product: Product):
    page = as_html(ORDERS).encode()
    headers = {"content-type": "text/html"}
    plans = [
        (await product.http.post(f"/api/plan?name=orders.{kind}", content=content, headers=headers)).json()["plan"]
        for kind, content in (("html", page), ("md", ORDERS.encode()))
    ]
    assert plans[0]["requirements"] == plans[1]["requirements"]
