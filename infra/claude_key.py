"""Puts the Claude API key into the vault, where it is not there yet (`azd up` runs this after provisioning).

The key is asked for, or read from CLAUDE_API_KEY; it reaches the Azure CLI in a file that only its owner can read and
that is gone afterwards, never on a command line.
"""

import getpass
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from infra.azure import Azure, AzureFailed, azure

SECRET = "anthropic-api-key"  # noqa: S105 - its name, the default of ANTHROPIC_KEY_SECRET
ROLE_SECONDS = 300.0
"""A role that was just granted may take minutes to work."""


def has_key(az: Azure, vault: str) -> bool:
    """Whether the vault holds the secret. Only names are asked for."""
    return SECRET in (az("keyvault", "secret", "list", "--vault-name", vault, "--query", "[].name") or [])


def put_key(az: Azure, vault: str, key: str) -> None:
    """Store the key as a new version of the secret."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"  # the folder is its owner's alone
        file.write_text(key, encoding="utf-8")
        named = ("--vault-name", vault, "--name", SECRET)
        az("keyvault", "secret", "set", *named, "--file", str(file), "--encoding", "utf-8", "--query", "name")


def _when_allowed[T](what: Callable[[], T], seconds: float, pause: float) -> T:
    end = time.monotonic() + seconds
    while True:
        try:
            return what()
        except AzureFailed as failed:
            if "Forbidden" not in str(failed) or time.monotonic() > end:
                raise
        time.sleep(pause)


def main() -> int:
    """0 where the vault holds the key, or none is needed; 1 where it could not be put there."""
    vault = os.environ.get("AZURE_KEY_VAULT_NAME", "")
    if not vault:
        print("Claude is reached through Microsoft Foundry: no key is needed")
        return 0
    try:
        if _when_allowed(lambda: has_key(azure, vault), ROLE_SECONDS, 10):
            print(f"{vault} holds {SECRET}")
            return 0
        given = os.environ.get("CLAUDE_API_KEY", "")
        key = given or (getpass.getpass("Claude API key: ") if sys.stdin.isatty() else "")
        if not key.strip():
            print(f"{vault} needs the secret {SECRET}: set CLAUDE_API_KEY and run this again.", file=sys.stderr)
            return 1
        put_key(azure, vault, key.strip())
    except AzureFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    print(f"{vault} now holds {SECRET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
