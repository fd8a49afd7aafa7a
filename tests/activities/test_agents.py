"""What an agent's activity makes of storage that fails under it."""

from typing import Any
from uuid import uuid4

import pytest

from shared.errors import StorageFault, StorageRefused
from shared.services import Services
from tests.agent_at_work import draft


@pytest.mark.parametrize("fault", [StorageFault("storage-down", "503"), StorageRefused("storage-refused", "403")])
@pytest.mark.parametrize("operation", ["claim", "write"])
async def test_a_call_that_storage_fails_is_tried_again_and_not_taken_for_refused(
    app: Services, operation: str, fault: Exception, monkeypatch: pytest.MonkeyPatch
):
    run_id, work = f"run-{uuid4()}", getattr(app.blobs, operation)

    async def fail(container: str, name: str, *rest: Any) -> Any:
        if name.startswith("calls/"):
            raise fault
        return await work(container, name, *rest)

    with monkeypatch.context() as while_it_fails:
        while_it_fails.setattr(app.blobs, operation, fail)
        with pytest.raises(type(fault)):
            await draft(app, run_id)
    assert (await draft(app, run_id)).draft
