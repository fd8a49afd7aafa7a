"""Variables that scripts of the pipeline read from their environment, and who sets them. Pure.

Azure Pipelines hands its variables to scripts in capitals, with dots as underscores; secrets only through `env`.
"""

import re
from collections.abc import Iterator

from shared.pack.model.delivery import Delivery
from shared.pack.model.documents import DELIVERY
from shared.pack.model.pipeline_variables import PipelineVariables
from shared.pack.model.references import Reference, State
from shared.pack.model.shell import Script

_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]{1,99}")
_GIVEN = re.compile(
    r"(?:AGENT|BUILD|SYSTEM|PIPELINE|ENDPOINT|TF|RELEASE|STRATEGY|ENVIRONMENT|CHECKS|DEPLOYMENT|TASK|BASH|LC|XDG|"
    r"JAVA|DOTNET|AZURE|GITHUB|RUNNER|COMP)_\w+|HOME|PATH|PWD|OLDPWD|USER|LOGNAME|SHELL|SECONDS|RANDOM|HOSTNAME|IFS|UID|"
    r"EUID|PPID|LINENO|OPTARG|OPTIND|REPLY|FUNCNAME|PIPESTATUS|EPOCHSECONDS|TMPDIR|TERM|LANG|EDITOR|DISPLAY|CI|GID|"
    r"SHLVL|MACHTYPE|OSTYPE|EPOCHREALTIME|TF_BUILD|DEBIAN_FRONTEND"
)
"""What the shell, the system and Azure Pipelines set."""


def shell_variables(delivery: Delivery, variables: PipelineVariables) -> Iterator[Reference]:
    """Names in capitals that scripts of steps and script files read without a default, with their state."""
    given = {name.upper().replace(".", "_").replace("-", "_") for name in variables.defined}
    everywhere = given | _set_anywhere(delivery)
    for placed in delivery.steps:
        if placed.script:
            own = given | set(placed.step.env) | _sets(placed.script)
            yield from _references(placed.script, DELIVERY, own, everywhere)
    for path, script in delivery.script_files.items():
        yield from _references(script, delivery.documents.files[path].document, everywhere, everywhere)


def _references(script: Script, document: str, own: set[str], everywhere: set[str]) -> Iterator[Reference]:
    for name, line in script.used.items():
        if not _CAPITALS.fullmatch(name) or _GIVEN.fullmatch(name) or name in script.assigned:
            continue
        state: State = (
            "resolved" if name in own else "undecided" if name in everywhere or not script.whole else "missing"
        )
        yield Reference("shell variable", name, document, line, state)


def _sets(script: Script) -> set[str]:
    return script.assigned | {name for command in script.commands for name in command.sets}


def _set_anywhere(delivery: Delivery) -> set[str]:
    """Names that any script of the pack, or the `env` of any step, sets."""
    scripts = [placed.script for placed in delivery.steps if placed.script]
    scripts += [*delivery.script_files.values(), *(script for _, script in delivery.fragments)]
    found = {name for placed in delivery.steps for name in placed.step.env}
    return found.union(*(_sets(script) for script in scripts))
