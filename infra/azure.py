"""The Azure CLI, as the deployment scripts use it. What it prints may hold secrets and is shown to nobody."""

import json
import shutil
import subprocess
from typing import Any, Protocol


class AzureFailed(Exception):
    """A command of the Azure CLI failed; the message is what it said."""


class Azure(Protocol):
    """Runs a command of the Azure CLI and gives its answer."""

    def __call__(self, *arguments: str) -> Any:
        """The command's JSON answer, None where it has none. `AzureFailed` where it fails."""
        ...


def azure(*arguments: str) -> Any:
    """`Azure` as it is installed."""
    program = shutil.which("az")
    if program is None:
        raise AzureFailed("The Azure CLI (az) is not installed: https://aka.ms/azcli.")
    command = [program, *arguments, "--only-show-errors", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AzureFailed(f"az {' '.join(arguments[:3])}: {done.stderr.strip()[:2_000]}")
    return json.loads(done.stdout) if done.stdout.strip() else None
