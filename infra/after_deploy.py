"""What remains once the code is deployed: subscribe the app to dropped PRDs, then test it (`azd up` runs this).

The subscription cannot come with the other resources: Azure asks the app whether it wants the events, and the key of
the blobs extension exists only once the app has run. The key itself is read by Azure, inside events.bicep.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra import smoke
from infra.azure import Azure, AzureFailed, azure

EVENTS = Path(__file__).parent / "events.bicep"
KEY_SECONDS = 600.0


@dataclass(frozen=True)
class Deployment:
    """Where the app was deployed: the outputs of main.bicep."""

    group: str
    app: str
    url: str
    topic: str
    storage_url: str
    backend: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Deployment":
        """From the variables that azd and the pipeline set; names all that are missing at once."""
        names = (
            "AZURE_RESOURCE_GROUP", "AZURE_FUNCTION_APP_NAME", "AZURE_FUNCTION_APP_URL", "AZURE_EVENT_TOPIC_NAME",
            "AZURE_STORAGE_BLOB_URL", "AZURE_DURABLE_BACKEND",
        )  # fmt: skip
        if missing := [name for name in names if not environment.get(name)]:
            raise SystemExit(f"{', '.join(missing)} must be set: they are the outputs of infra/main.bicep.")
        return cls(*(environment[name] for name in names))

    @property
    def storage_name(self) -> str:
        """The storage account's name, which its address begins with."""
        return (urlsplit(self.storage_url).hostname or "").partition(".")[0]


def subscribe(az: Azure, where: Deployment, *, key_seconds: float = KEY_SECONDS, pause: float = 10.0) -> None:
    """Subscribe the app to dropped PRDs, once it has a key for that."""
    asked = ("functionapp", "keys", "list", "--resource-group", where.group, "--name", where.app)
    has_key = "contains(keys(systemKeys || `{}`), 'blobs_extension')"
    end = time.monotonic() + key_seconds
    while not _told(az, *asked, "--query", has_key):
        if time.monotonic() > end:
            raise AzureFailed(
                f"{where.app} has no key `blobs_extension` after {key_seconds:.0f} s: its code did not start. "
                "See its logs (docs/operations.md)."
            )
        time.sleep(pause)
    parameters = (f"appName={where.app}", f"topicName={where.topic}", f"storageName={where.storage_name}")
    deploy = ("deployment", "group", "create", "--resource-group", where.group, "--name", "events")
    az(*deploy, "--template-file", str(EVENTS), "--parameters", *parameters, "--query", "properties.provisioningState")


def _told(az: Azure, *arguments: str) -> bool:
    """Whether the answer is true; an app that is being restarted answers with an error."""
    try:
        return az(*arguments) is True
    except AzureFailed:
        return False


def main() -> int:
    """Subscribe, then run the smoke test; 0 where the deployment works."""
    where = Deployment.read(os.environ)
    try:
        subscribe(azure, where)
    except AzureFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    print(f"{where.app} is subscribed to dropped PRDs")
    return smoke.main(["--storage", where.storage_url, "--url", where.url])


if __name__ == "__main__":
    sys.exit(main())
