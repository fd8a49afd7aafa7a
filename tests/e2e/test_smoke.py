"""The smoke test of a deployment, held against the whole product on this machine."""

from infra.smoke import smoke
from shared.blobs import BlobStore
from tests.e2e.conftest import Product


async def test_the_smoke_test_passes_where_a_drop_becomes_a_pack(product: Product):
    manifest = await smoke(BlobStore(product.storage), event_seconds=30, run_seconds=60, pause=0.2)
    assert manifest["status"] in ("completed", "completed_with_findings")
    assert manifest["folders"]["project"].startswith("smoke/")


async def test_a_second_smoke_test_asks_claude_nothing(product: Product):
    await smoke(BlobStore(product.storage), event_seconds=30, run_seconds=60, pause=0.2)
    before = len(product.calls())
    await smoke(BlobStore(product.storage), event_seconds=30, run_seconds=60, pause=0.2)
    assert product.calls(before) == []
