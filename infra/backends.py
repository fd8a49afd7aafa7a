"""What host.json says of the durable backend: packaging writes it, and a package is for one backend.

Azure's scale controller reads the deployed file alone, and no app setting that would replace a part of it
(azure-functions-durable-extension issues 2622 and 2803).
"""

import json
import zipfile
from pathlib import Path
from typing import Any

AZURE_STORAGE, SCHEDULER = "azureStorage", "scheduler"
BACKENDS = (AZURE_STORAGE, SCHEDULER)
"""As the parameter `durableBackend` of main.bicep names them."""
TASK_HUB = "design-backend"
"""The scheduler's task hub, which infra/modules/scheduler.bicep makes; a test compares."""
CONNECTION = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
"""The app setting that leads to the scheduler, set by infra/modules/app.bicep."""
_MANAGED = "azureManaged"


def host_json(text: str, backend: str) -> str:
    """The project's host.json as the backend needs it. The project's own is for Azure Storage, also on one machine."""
    if backend == AZURE_STORAGE:
        return text
    host: dict[str, Any] = json.loads(text)
    durable = host["extensions"]["durableTask"]
    durable["hubName"] = TASK_HUB
    durable["storageProvider"] = {"type": _MANAGED, "connectionStringName": CONNECTION}
    return json.dumps(host, indent=2) + "\n"


def backend_of(package: Path) -> str:
    """Which backend a package was built for."""
    with zipfile.ZipFile(package) as packed:
        durable = json.loads(packed.read("host.json"))["extensions"]["durableTask"]
    return SCHEDULER if durable["storageProvider"]["type"] == _MANAGED else AZURE_STORAGE
