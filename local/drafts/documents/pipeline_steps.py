"""Single steps of an Azure pipeline, and the scripts that release to a platform. Pure."""

# A command of the deliverable stays on one line.
# ruff: noqa: E501

from typing import Any

from local.drafts.design.deployment_names import (
    api_name,
    cluster,
    connection,
    deployed,
    migrate_name,
    on_kubernetes,
    registry,
    resource_group,
)
from local.drafts.design.model import Design

type Json = dict[str, Any]

IMAGE = "$(registryName).azurecr.io/$(imageName):$(imageTag)"


def task(name: str, display: str, condition: str | None = None, **inputs: str) -> Json:
    """A task with its inputs."""
    step: Json = {"task": name, "displayName": display}
    return step | ({"condition": condition} if condition else {}) | {"inputs": inputs}


def bash(display: str, *lines: str, **env: str) -> Json:
    """A script that stops at its first failure; secrets reach it through `env`."""
    step: Json = {"bash": "\n".join(("set -euo pipefail", *lines)), "displayName": display}
    return step | ({"env": env} if env else {})


def azure(design: Design, environment: str, display: str, *lines: str) -> Json:
    """A script that is signed in to an environment's subscription."""
    inputs = {
        "azureSubscription": connection(design, environment),
        "scriptType": "bash",
        "scriptLocation": "inlineScript",
    }
    return task("AzureCLI@2", display, **inputs, inlineScript="\n".join(("set -euo pipefail", *lines)))


def push(design: Design, environment: str) -> Json:
    """Push the one image; a second environment finds it there already."""
    return azure(
        design,
        environment,
        "Push the image",
        f"az acr login --name {registry(design)}",
        "docker load --input $(Pipeline.Workspace)/release/image.tar",
        f"docker tag $(imageName):$(imageTag) {IMAGE}",
        f"docker push {IMAGE}",
    )


def migrate(design: Design, environment: str) -> Json:
    """Run the migration job and wait for its end; it may only expand the schema."""
    name, group = migrate_name(design), resource_group(design, environment)
    if on_kubernetes(design):
        return azure(
            design,
            environment,
            "Expand the schema",
            _credentials(design, environment),
            f"kubectl set image cronjob/{name} {name}={IMAGE}",
            f"kubectl create job {name}-$(imageTag) --from=cronjob/{name}",
            f"kubectl wait --for=condition=complete --timeout=10m job/{name}-$(imageTag)",
        )
    return azure(
        design,
        environment,
        "Expand the schema",
        f"az containerapp job update --resource-group {group} --name {name} --image {IMAGE}",
        f"execution=$(az containerapp job start --resource-group {group} --name {name} --query name --output tsv)",
        "state=Running",
        'while [ "$state" = Running ] || [ "$state" = Processing ]; do',
        "  sleep 10",
        f'  state=$(az containerapp job execution show --resource-group {group} --name {name} --job-execution-name "$execution" --query properties.status --output tsv)',
        "done",
        'test "$state" = Succeeded',
    )


def release(design: Design, environment: str) -> Json:
    """Start the new version beside the old one, without traffic."""
    group = resource_group(design, environment)
    if on_kubernetes(design):
        lines = [_credentials(design, environment)]
        for name in deployed(design):
            lines += [
                f"kubectl set image deployment/{name} {name}={IMAGE}",
                f"kubectl rollout status deployment/{name} --timeout=10m",
            ]
        return azure(design, environment, "Deploy, one instance after the other", *lines)
    lines = [
        f"az containerapp update --resource-group {group} --name {name} --image {IMAGE} --revision-suffix v$(imageTag)"
        for name in deployed(design)
    ]
    return azure(design, environment, "Deploy without traffic", *lines)


def route(design: Design, environment: str) -> Json | None:
    """Move the traffic in two steps; a cluster has moved it while it rolled out."""
    if on_kubernetes(design):
        return None
    name, group = api_name(design), resource_group(design, environment)
    return azure(
        design,
        environment,
        "Send 10 % of the traffic, then all",
        previous(design, environment),
        f'az containerapp ingress traffic set --resource-group {group} --name {name} --revision-weight "$previous=90" {name}--v$(imageTag)=10',
        "sleep 300",
        f"az containerapp ingress traffic set --resource-group {group} --name {name} --revision-weight {name}--v$(imageTag)=100",
    )


def roll_back(design: Design, environment: str) -> Json:
    """Bring back what ran before."""
    name, group = api_name(design), resource_group(design, environment)
    if on_kubernetes(design):
        undo = [f"kubectl rollout undo deployment/{each}" for each in deployed(design)]
        return azure(design, environment, "Roll back to the version before", _credentials(design, environment), *undo)
    lines = [
        previous(design, environment),
        f'az containerapp ingress traffic set --resource-group {group} --name {name} --revision-weight "$previous=100"',
    ]
    for worker in deployed(design)[1:]:
        place = f"--resource-group {group} --name {worker}"
        lines += [
            previous(design, environment, worker),
            f'az containerapp revision activate {place} --revision "$previous"',
            f"az containerapp revision list {place} --query \"[?properties.active && name!='$previous'].name\" --output tsv | xargs --no-run-if-empty --max-args=1 az containerapp revision deactivate {place} --revision",
        ]
    return azure(design, environment, "Roll back to the revisions before", *lines)


def previous(design: Design, environment: str, component: str | None = None) -> str:
    """The shell line that finds a component's revision before this release."""
    name = component or api_name(design)
    query = f"reverse(sort_by([?name!='{name}--v$(imageTag)'], &properties.createdTime))[0].name"
    return f'previous=$(az containerapp revision list --resource-group {resource_group(design, environment)} --name {name} --query "{query}" --output tsv)'


def _credentials(design: Design, environment: str) -> str:
    return f"az aks get-credentials --resource-group {resource_group(design, environment)} --name {cluster(design, environment)}"
