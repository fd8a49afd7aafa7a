"""Proof of shell scripts: bash reads each of them, and shellcheck finds no error where it is on this machine."""

from prove.bench import Bench, Verdict
from prove.containment import Ended, Step, program


def parse(bench: Bench) -> Verdict:
    """`bash -n` on each, and `shellcheck --severity=error` where there is one; neither runs them."""
    bash, lint = program("bash"), program("shellcheck")
    if bash is None:
        return Verdict("not provable", "there is no bash on this machine")
    scripts = shell_scripts(bench)
    steps = [Step([str(bash), "-n", path], 20, go_on=True) for path in scripts]
    if lint:
        steps += [Step([str(lint), "--severity=error", "--format=gcc", path], 20, go_on=True) for path in scripts]
    ended = bench.boxes.run(bench.pack.files, steps)
    evidence = tuple(one.evidence for one in ended)
    wrong = [one for one in ended if not one.evidence.good]
    if wrong:
        return Verdict("refuted", "; ".join(_first_line(one) for one in wrong), evidence)
    by = "bash and shellcheck read" if lint else "bash reads (there is no shellcheck here)"
    return Verdict("proved", f"{by} {len(scripts)} scripts", evidence)


def shell_scripts(bench: Bench) -> list[str]:
    """Shell scripts by their name or their first line."""
    files = bench.pack.files
    return sorted(
        path
        for path, content in files.items()
        if path.endswith((".sh", ".bash")) or content.startswith((b"#!/usr/bin/env bash", b"#!/bin/bash", b"#!/bin/sh"))
    )


def _first_line(ended: Ended) -> str:
    return ended.evidence.log[0] if ended.evidence.log else f"{ended.evidence.command}: exit code {ended.evidence.exit}"
