"""The smoke test of a deployment, held against the whole product on this machine."""

from infra.smoke import smoke
from shared.storage.blobs import BlobStore
from tests.e2e.conftest import Product


async def test_the_smoke_test_passes_where_a_drop_becomes_a_pack_and_a_second_one_asks_claude_nothing(product: Product):
    blobs = BlobStore(product.storage)
    manifest = await smoke(blobs, event_seconds=30, run_seconds=60, pause=0.2)
    assert manifest["status"] in ("completed", "completed_with_findings")
    assert manifest["folders"]["project"].startswith("smoke/")
    asked = len(product.calls())
    assert (await smoke(blobs, event_seconds=30, run_seconds=60, pause=0.2))["run"]["id"] != manifest["run"]["id"]
    assert product.calls(asked) == []
