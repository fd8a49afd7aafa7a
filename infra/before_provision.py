"""What a subscription needs before resources are made in it (`azd up` runs this; the pipeline's infra.provision too).

A vault with purge protection outlives `azd down` for 90 days, and its name derives from environment and region: the
next deployment must say that it recovers it, and may say so only then. Flex Consumption in a virtual network needs the
resource provider Microsoft.App.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from infra.azure import Azure, AzureFailed, azure

PROVIDER = "Microsoft.App"
RECOVER = "RECOVER_VAULT"
"""azd's variable for the parameter `recoverVault` (infra/main.parameters.json)."""


def has_deleted_vault(az: Azure, environment: str, location: str, subscription: str = "") -> bool:
    """Whether this environment's vault was deleted and can be recovered."""
    where = ("--subscription", subscription) if subscription else ()
    deleted: list[dict[str, str]] | None = az(
        "keyvault", "list-deleted", "--resource-type", "vault", "--query", "[].properties", *where
    )
    group = f"/resourcegroups/rg-design-backend-{environment}/".lower()
    return any(
        group in vault["vaultId"].lower() and vault["location"].replace(" ", "").lower() == location.lower()
        for vault in deleted or []
    )


def register(az: Azure, subscription: str = "") -> None:
    """Register the provider that a virtual network needs; nothing happens where it is registered."""
    where = ("--subscription", subscription) if subscription else ()
    az("provider", "register", "--namespace", PROVIDER, "--wait", *where)


def tell_azd(name: str, value: str) -> None:
    """Set a variable of the azd environment, which azd reads again after the hook."""
    program = shutil.which("azd")
    if program is None:
        raise SystemExit("The Azure Developer CLI (azd) is not installed: https://aka.ms/azd.")
    subprocess.run([program, "env", "set", name, value], check=True)


def main(az: Azure = azure, tell: Callable[[str, str], None] = tell_azd) -> int:
    """0 where provisioning may begin; 1 with what the Azure CLI said."""
    environment, location = os.environ.get("AZURE_ENV_NAME", ""), os.environ.get("AZURE_LOCATION", "")
    subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    if not environment:
        raise SystemExit("AZURE_ENV_NAME must be set: `azd hooks run preprovision` sets it.")
    try:
        if os.environ.get("PRIVATE_NETWORK", "").lower() == "true":
            register(az, subscription)
        deleted = has_deleted_vault(az, environment, location, subscription)
    except AzureFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    if deleted:
        print(f"The vault of {environment} was deleted and is recovered, with the key in it.")
    tell(RECOVER, str(deleted).lower())
    return 0


if __name__ == "__main__":
    sys.exit(main())
