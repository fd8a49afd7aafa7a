"""Provisions an environment from its parameter file: `python -m infra.provision what-if|create|outputs NAME`.

What the pipeline calls; `azd up` does the same by itself. The outputs of main.bicep become variables of the pipeline's
job. Whoever is signed in is the deployer of roles.bicep: object id and kind are read from the sign-in's token.
"""

import argparse
import base64
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra import before_provision
from infra.azure import Azure, AzureFailed, azure

HERE = Path(__file__).parent
ENVIRONMENTS = tuple(path.stem for path in sorted((HERE / "parameters").glob("*.json")))


def deployer(az: Azure) -> tuple[str, str]:
    """Object id and kind of who is signed in. The token says both, so that no directory needs to be read."""
    token: str = az("account", "get-access-token")["accessToken"]
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims["oid"], "ServicePrincipal" if claims.get("idtyp") == "app" else "User"


def deployment(az: Azure, action: str, environment: str) -> Any:
    """`az deployment sub ACTION` with the environment's parameters."""
    file = HERE / "parameters" / f"{environment}.json"
    given = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    location = given["location"]["value"]
    if given.get("privateNetwork", {}).get("value"):
        before_provision.register(az)
    recover = str(before_provision.has_deleted_vault(az, environment, location)).lower()
    principal, kind = deployer(az)
    who = (f"principalId={principal}", f"principalType={kind}")
    parameters = (f"@{file}", *who, f"recoverVault={recover}")
    named = ("--name", _name(environment), "--location", location, "--template-file", str(HERE / "main.bicep"))
    return az("deployment", "sub", action, *named, "--parameters", *parameters, *_EXTRA[action])


_EXTRA: Mapping[str, tuple[str, ...]] = {"what-if": ("--no-pretty-print",), "create": ()}


def _name(environment: str) -> str:
    return f"design-backend-{environment}"


def changes(answer: Any) -> list[str]:
    """What a what-if tells, a line a resource; what would stay as it is is left out."""
    told = [(each["changeType"], each["resourceId"]) for each in answer["changes"]]
    return [f"{kind:8} {resource}" for kind, resource in sorted(told) if kind not in ("NoChange", "Ignore")]


def outputs(answer: Any) -> dict[str, str]:
    """The outputs of a deployment that was carried out."""
    return {name: each["value"] for name, each in answer["properties"]["outputs"].items()}


def tell_pipeline(values: Mapping[str, str]) -> None:
    """Print the values, as variables of the job where an Azure DevOps agent listens."""
    for name, value in values.items():
        print(f"##vso[task.setvariable variable={name}]{value}" if os.environ.get("TF_BUILD") else f"{name}={value}")


def main(given: list[str] | None = None, az: Azure = azure) -> int:
    """0 where it was done; 1 with what the Azure CLI said."""
    parser = argparse.ArgumentParser(prog="python -m infra.provision", description="Provision an environment.")
    parser.add_argument("action", choices=["what-if", "create", "outputs"])
    parser.add_argument("environment", choices=ENVIRONMENTS)
    wanted = parser.parse_args(given)
    try:
        if wanted.action == "outputs":
            tell_pipeline(outputs(az("deployment", "sub", "show", "--name", _name(wanted.environment))))
        elif wanted.action == "create":
            tell_pipeline(outputs(deployment(az, "create", wanted.environment)))
        else:
            print(*changes(deployment(az, "what-if", wanted.environment)), sep="\n")
    except AzureFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
