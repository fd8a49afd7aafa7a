"""Deploys a package and keeps the last one that passed the smoke test, to return to (`python -m infra.release --help`).

What the pipeline calls. The code of a run in flight changes with it: see docs/operations.md on upgrades.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra import backends, smoke
from infra.after_deploy import Deployment, subscribe
from infra.azure import Azure, AzureFailed, azure

CONTAINER, LAST_GOOD = "releases", "last-good.zip"

type Smoke = Callable[[list[str]], int]


def release(az: Azure, where: Deployment, package: Path, test: Smoke) -> bool:
    """Deploy, subscribe, test; True where the test passed, and the package is then the one to return to."""
    if not deploy(az, where, package, test):
        return False
    az("storage", "blob", "upload", *_blob(where), "--file", str(package), "--overwrite", "--query", "etag")
    return True


def roll_back(az: Azure, where: Deployment, test: Smoke) -> bool:
    """Deploy the last package that passed; False where there is none, or where it does not pass now."""
    if not az("storage", "blob", "exists", *_blob(where), "--query", "exists"):
        print("There is no earlier package that passed: nothing to return to.", file=sys.stderr)
        return False
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / LAST_GOOD
        az("storage", "blob", "download", *_blob(where), "--file", str(package), "--query", "name")
        return deploy(az, where, package, test)


def deploy(az: Azure, where: Deployment, package: Path, test: Smoke) -> bool:
    """Put the package where the app runs it from; whether the smoke test passes then."""
    if (built := backends.backend_of(package)) != where.backend:
        raise SystemExit(f"{package} was built for {built}, and {where.app} keeps its runs in {where.backend}.")
    app = ("--resource-group", where.group, "--name", where.app)
    az("functionapp", "deployment", "source", "config-zip", *app, "--src", str(package), "--build-remote", "false")
    subscribe(az, where)
    return test(["--storage", where.storage_url, "--url", where.url]) == 0


def _blob(where: Deployment) -> tuple[str, ...]:
    named = ("--container-name", CONTAINER, "--name", LAST_GOOD)
    return ("--auth-mode", "login", "--account-name", where.storage_name, *named)


def main() -> int:
    """0 where the deployment works."""
    parser = argparse.ArgumentParser(prog="python -m infra.release", description="Deploy a package and test it.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("packages", type=Path, nargs="?", help="folder with a package for each backend: BACKEND/app.zip")
    what.add_argument("--roll-back", action="store_true", help="deploy the last package that passed the smoke test")
    wanted = parser.parse_args()
    where = Deployment.read(os.environ)
    try:
        if wanted.roll_back:
            works = roll_back(azure, where, smoke.main)
        else:
            works = release(azure, where, wanted.packages / where.backend / "app.zip", smoke.main)
    except AzureFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
