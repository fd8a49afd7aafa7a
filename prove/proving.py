"""Which proofs there are, which of them a pack has, and proving them one after the other."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prove import contract, csharp, python_sample, scripts, suites
from prove.bench import Bench, Verdict
from prove.containment import boxes
from prove.environments import Environments, cache_folder
from prove.errors import NothingToProve
from prove.packs import Pack
from prove.verdicts import Proof, Proven


@dataclass(frozen=True)
class Kind:
    """A kind of proof: which packs have it, what it runs (for the one who is asked), and how it is proved."""

    name: str
    title: str
    runs: str
    applies: Callable[[Bench], bool]
    prove: Callable[[Bench], Verdict]


def _python(bench: Bench) -> bool:
    return bench.pack.is_python


def _csharp(bench: Bench) -> bool:
    return bench.pack.is_csharp


def _suites(bench: Bench) -> bool:
    return bool(bench.pack.below("tests", ".py"))


def _scripts(bench: Bench) -> bool:
    return bool(scripts.shell_scripts(bench))


def _contract(bench: Bench) -> bool:
    return contract.CONTRACT in bench.pack.files


def _kinds() -> Iterator[Kind]:
    sample, registry = python_sample, "with the package registry"
    yield Kind("sample-installs", "The sample's packages install", f"uv, {registry}", _python, sample.installs)
    yield Kind("sample-imports", "The sample's modules import", "the modules of sample/", _python, sample.imports)
    yield Kind("sample-tests", "The sample's unit tests pass", "the tests in sample/tests", _python, sample.tests)
    yield Kind("csharp-restores", "The C# sample restores", f"dotnet restore, {registry}", _csharp, csharp.restores)
    yield Kind("csharp-builds", "The C# sample builds", "dotnet build of sample/", _csharp, csharp.builds)
    yield Kind("csharp-tests", "The C# sample's tests pass", "dotnet test of sample/", _csharp, csharp.tests)
    runs = f"uv, {registry}; a generator of clients, and what it makes of openapi.yaml"
    yield Kind("contract-generates", "The contract generates a client", runs, _contract, contract.generates)
    yield Kind("suites-collect", "Suites collect", f"uv, {registry}; the suites' modules", _suites, suites.collect)
    yield Kind("scripts-parse", "Shell scripts parse", "bash -n, which runs none of them", _scripts, scripts.parse)


KINDS = tuple(_kinds())
NAMES = tuple(kind.name for kind in KINDS)


@dataclass(frozen=True)
class Plan:
    """What will be run, over what."""

    bench: Bench
    kinds: tuple[Kind, ...]


def plan(pack: Pack, only: Sequence[str] = (), skip: Sequence[str] = ()) -> Plan:
    """What there is to prove of `pack`. Raises `NothingToProve`, and `CannotProve` where the system cannot."""
    bench = Bench(pack, boxes(), Environments(cache_folder()))
    wanted = [kind for kind in KINDS if (not only or kind.name in only) and kind.name not in skip]
    kinds = tuple(kind for kind in wanted if kind.applies(bench))
    if not kinds:
        raise NothingToProve(
            f"{pack.folder} holds nothing that {', '.join(kind.name for kind in wanted) or 'no proof'} could run."
        )
    return Plan(bench, kinds)


def prove(
    planned: Plan, tell: Callable[[str], None] = lambda _: None, told: Callable[[Proof], None] = lambda _: None
) -> Proven:
    """Prove what was planned. `tell` hears what begins, `told` what came of it."""
    began, start = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    proofs: list[Proof] = []
    for kind in planned.kinds:
        tell(kind.title)
        proof = kind.prove(planned.bench).named(kind.name, kind.title)
        proofs.append(proof)
        told(proof)
    pack = planned.bench.pack
    took = round(time.monotonic() - start, 1)
    return Proven(pack.folder.name, began, took, planned.bench.boxes.containment, tuple(proofs), pack.digests())
