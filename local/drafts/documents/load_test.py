"""The load test of a design: what it calls and which thresholds it holds. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.model import Design, Level, Operation
from local.drafts.documents.contract_tests import good_call
from local.drafts.documents.objectives import operation_of
from local.drafts.english import snake


def locust(design: Design) -> str:
    """The whole `locustfile.py`."""
    chosen = loaded_operations(design)
    tasks = [
        f"    @task({5 if one.method == 'GET' else 2})\n    def {snake(one.id)}(self):\n"
        f"        self.{_named_call(good_call(one), one.id)}"
        for one in chosen
    ]
    unique = "from uuid import uuid4\n\n" if "uuid4(" in "".join(tasks) else ""
    needs_seeds = "seeded[" in "".join(tasks)
    names = "issue_token, seed" if needs_seeds else "issue_token"
    checks = "\n".join(_threshold(level, design) for level in design.levels)
    start = """    def on_start(self):
        self.client.headers["Authorization"] = f"Bearer {issue_token()}"
"""
    start += "        self.seeded = seed(self.client)\n" if needs_seeds else ""
    return (
        f'"""Load test: `python -m locust --headless -u 200 -r 20 -t 20m --host URL`; exits 1 beyond a threshold."""\n\n{unique}'
        f"from locust import HttpUser, between, events, task\n\nfrom tests.service import {names}\n\n\n"
        f"class Caller(HttpUser):\n    wait_time = between(0.1, 0.5)\n\n{start}\n"
        + "\n\n".join(tasks)
        + "\n\n\n@events.quitting.add_listener\ndef hold_thresholds(environment, **_):\n    stats = environment.stats\n    broken = []\n"
        + f"{checks}\n    environment.process_exit_code = 1 if broken else 0\n    for text in broken:\n        print(text)"
    )


def _named_call(expression: str, name: str) -> str:
    named = f'{expression[:-1]}, name="{name}")'
    return named.replace(": key}", ": str(uuid4())}").replace("{seeded[", "{self.seeded[")


def _threshold(level: Level, design: Design) -> str:
    target = level.target
    broken = f'        broken.append("{level.id}: {target.name} {target.shown}")'.replace("`", "")
    if target.measure == "ratio":
        return f"    if stats.total.fail_ratio > {round(1 - target.value / 100, 6):g}:\n{broken}"
    operation = operation_of(level, design)
    loaded = operation in loaded_operations(design)
    entry = f'stats.get("{operation.id}", "{operation.method}")' if operation and loaded else "stats.total"
    quantile = float(target.percentile) / 100
    return f"    if {entry}.get_response_time_percentile({quantile:g}) > {target.value:g}:\n{broken}"


def loaded_operations(design: Design) -> tuple[Operation, ...]:
    """The operations that the load test calls: those under an objective, then others without path parameters."""
    aimed = [one for level in design.levels if (one := operation_of(level, design))]
    plain = [one for one in design.business if "{" not in one.path]
    return tuple(dict.fromkeys([*aimed, *plain]))[:5] or design.operations[:1]
