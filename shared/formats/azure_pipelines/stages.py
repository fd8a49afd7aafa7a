"""Stages, jobs and steps of an expanded pipeline as typed, read-only values with lines. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.formats.azure_pipelines.located import UnreadableYaml, YamlList, YamlMap, YamlNode, YamlText

STEP_KINDS = (
    "task", "script", "bash", "pwsh", "powershell", "checkout", "download", "downloadBuild", "publish", "upload",
    "getPackage", "reviewApp", "template",
)  # fmt: skip
SCRIPT_KINDS = ("script", "bash", "pwsh", "powershell")
HOOKS = ("preDeploy", "deploy", "routeTraffic", "postRouteTraffic")

MAXIMUM_JOBS = 256

_MACRO = re.compile(r"\$\(([\w.-]{1,100})\)")
_LONGEST = 20_000


@dataclass(frozen=True)
class Named:
    """A name the pipeline uses, and the line in the deliverable where it does so first."""

    name: str
    line: int


@dataclass(frozen=True)
class Step:
    """One step; `hook` is the deployment hook it stands in (`failure` for `on: failure`), empty in a plain job."""

    kind: str
    value: str
    line: int
    hook: str
    inputs: Mapping[str, Named]
    """A task's inputs, or another step's own keys, by lower-case name, each with its value's line."""
    env: Mapping[str, str]
    condition: str
    continue_on_error: bool
    display: str = ""
    """The step's displayName."""

    def input(self, *names: str) -> str:
        """The first of the named inputs that is given, or an empty string."""
        return next((self.inputs[name].name for name in names if name in self.inputs), "")

    @property
    def script(self) -> str:
        """What the step runs, where that is written in the pipeline."""
        return self.value if self.kind in SCRIPT_KINDS else self.input("inlinescript", "inline", "script")

    @property
    def task(self) -> str:
        """The task's name without its version, in lower case; empty for other steps."""
        return self.value.partition("@")[0].lower() if self.kind == "task" else ""


@dataclass(frozen=True)
class Job:
    """One job; `environment` is a deployment job's, None where it has none."""

    name: str
    deployment: bool
    environment: Named | None
    steps: tuple[Step, ...]
    depends_on: tuple[str, ...]
    condition: str
    continue_on_error: bool
    line: int


@dataclass(frozen=True)
class Stage:
    """One stage. Without `dependsOn` a stage waits for the one before it: that is then in `depends_on`."""

    name: str
    display: str
    depends_on: tuple[str, ...]
    explicit: bool
    condition: str
    jobs: tuple[Job, ...]
    variables: Mapping[str, str]
    line: int

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all its jobs."""
        return tuple(step for job in self.jobs for step in job.steps)


def read_stages(root: YamlMap) -> tuple[Stage, ...]:
    """The stages of a pipeline; one without a name where the file has only jobs or steps.

    Raises `UnreadableYaml` beyond what Azure Pipelines runs: 256 jobs in a stage, and as many stages here.
    """
    variables = literal_variables(root)
    stages: list[Stage] = []
    for node in maps_in(root.get("stages")):
        if node.get("stage"):
            before = (stages[-1].name,) if stages else ()
            stages.append(_stage(node, before, variables))
    if not stages and (root.get("jobs") or root.get("steps")):
        stages.append(Stage("", "", (), False, "", _jobs(root, variables), variables, root.line))
    if (most := max([len(stages), *(len(stage.jobs) for stage in stages)])) > MAXIMUM_JOBS:
        raise UnreadableYaml(f"has {most:,} stages or jobs in a stage; at most {MAXIMUM_JOBS} are allowed", root.line)
    return tuple(stages)


def maps_in(node: YamlNode | None) -> Iterator[YamlMap]:
    """The mappings of a list."""
    if isinstance(node, YamlList):
        yield from (item for item in node.items if isinstance(item, YamlMap))


def map_at(node: YamlNode | None, *path: str) -> YamlMap | None:
    """The mapping reached by `path`, None where there is none."""
    for key in path:
        node = node.get(key) if isinstance(node, YamlMap) else None
    return node if isinstance(node, YamlMap) else None


def names_of(node: YamlNode | None) -> tuple[str, ...] | None:
    """A name or a list of names; None where nothing is said."""
    if isinstance(node, YamlText):
        return (node.text,) if node.text else ()
    if isinstance(node, YamlList):
        return tuple(item.text for item in node.items if isinstance(item, YamlText))
    return None


def literal_variables(holder: YamlMap) -> dict[str, str]:
    """The variables whose value is written in the file, in either notation."""
    node = holder.get("variables")
    if isinstance(node, YamlMap):
        return {name.text: value.text for name, value in node.entries if isinstance(value, YamlText)}
    return {item.text("name"): item.text("value") for item in maps_in(node) if item.text("name")}


def _stage(node: YamlMap, before: tuple[str, ...], outer: Mapping[str, str]) -> Stage:
    depends_on = names_of(node.get("dependsOn"))
    variables = {**outer, **literal_variables(node)}
    return Stage(
        name=node.text("stage"),
        display=node.text("displayName"),
        depends_on=before if depends_on is None else depends_on,
        explicit=depends_on is not None,
        condition=node.text("condition"),
        jobs=_jobs(node, variables),
        variables=variables,
        line=node.line,
    )


def _jobs(holder: YamlMap, outer: Mapping[str, str]) -> tuple[Job, ...]:
    jobs = tuple(_job(node, outer) for node in maps_in(holder.get("jobs")) if node.get("job") or node.get("deployment"))
    return jobs or ((_job(holder, outer),) if holder.get("steps") else ())


def _job(node: YamlMap, outer: Mapping[str, str]) -> Job:
    variables = {**outer, **literal_variables(node)}
    return Job(
        name=node.text("deployment") or node.text("job"),
        deployment=node.get("deployment") is not None,
        environment=_environment(node.get("environment"), variables),
        steps=tuple(_step(step, hook, variables) for step, hook in _steps(node)),
        depends_on=names_of(node.get("dependsOn")) or (),
        condition=node.text("condition"),
        continue_on_error=_is_true(node.text("continueOnError")),
        line=node.line,
    )


def _environment(node: YamlNode | None, variables: Mapping[str, str]) -> Named | None:
    name = node.get("name") if isinstance(node, YamlMap) else node
    if not isinstance(name, YamlText) or not name.text.strip():
        return None
    # `orders-prod.web` names a resource inside the environment
    return Named(resolved(name.text, variables).partition(".")[0], name.line)


def _steps(job: YamlMap) -> Iterator[tuple[YamlMap, str]]:
    """Every step of a job with the deployment hook it stands in."""
    yield from ((step, "") for step in maps_in(job.get("steps")))
    for strategy in ("runOnce", "rolling", "canary"):
        life_cycle = map_at(job, "strategy", strategy)
        for hook in HOOKS:
            holder = map_at(life_cycle, hook)
            yield from ((step, hook) for step in maps_in(holder.get("steps") if holder else None))
        for hook in ("failure", "success"):
            holder = map_at(life_cycle, "on", hook)
            yield from ((step, hook) for step in maps_in(holder.get("steps") if holder else None))


def _step(node: YamlMap, hook: str, variables: Mapping[str, str]) -> Step:
    kind = next((kind for kind in STEP_KINDS if node.get(kind) is not None), "")
    inputs = node.get("inputs") if kind == "task" else node
    env = node.get("env")
    return Step(
        kind=kind,
        value=node.text(kind),
        line=node.line,
        hook=hook,
        inputs={name: Named(resolved(value, variables), line) for name, value, line in _texts(inputs)},
        env={name: value for name, value, _ in _texts(env, lower=False)},
        condition=node.text("condition"),
        continue_on_error=_is_true(node.text("continueOnError")),
        display=resolved(node.text("displayName"), variables),
    )


def _is_true(text: str) -> bool:
    return text.lower() in ("true", "yes", "y", "on")


def _texts(node: YamlNode | None, lower: bool = True) -> Iterator[tuple[str, str, int]]:
    for name, value in node.entries if isinstance(node, YamlMap) else ():
        if isinstance(value, YamlText):
            yield (name.text.lower() if lower else name.text), value.text, value.line


def resolved(text: str, variables: Mapping[str, str]) -> str:
    """`text` with the `$(variables)` put in whose values are written in the file."""
    if "$(" not in text or len(text) > _LONGEST:
        return text
    found = _MACRO.sub(lambda macro: variables.get(macro[1], macro[0])[:_LONGEST], text)
    return found if len(found) <= _LONGEST else text
