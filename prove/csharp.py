"""Proofs of a sample in C#, where `dotnet` is on the PATH: it restores, builds without a warning, its tests pass.

A project file is a program, so it is not read by `dotnet` while the network is open. Packages are fetched for bare
projects that `csharp_projects` writes: names and versions, and nothing else. Then the real ones are restored from that
folder, built and tested, in a box, in one go.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prove.bench import Bench, Verdict, limit_passed
from prove.containment import Ended, Limits, Step
from prove.csharp_projects import SOLUTION, bare_projects, solution
from prove.environments import run_tool
from prove.verdicts import Evidence

_LIMITS = Limits(disk_bytes=3 << 30, memory_bytes=6 << 30, processes=256)
_SETTINGS = {
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "DOTNET_NOLOGO": "1",
    "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1",
    "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false",
    "DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE": "1",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    "DOTNET_CLI_UI_LANGUAGE": "en",
    "DOTNET_NUGET_SIGNATURE_VERIFICATION": "false",
    "MSBUILDDISABLENODEREUSE": "1",
    "UseSharedCompilation": "false",
    "NuGetAudit": "false",  # an advisory of tomorrow breaks no build
    "NoWarn": "NU1603;NU1601",  # another version of the registry; said in the evidence of the restore
}
_REGISTRY = (
    "HOME", "PATH", "XDG_CACHE_HOME", "XDG_DATA_HOME", "RestoreSources", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
"""What `dotnet restore` of the bare projects, and nothing else, is told of the caller: where NuGet's sources are."""
_UNREACHABLE = re.compile(
    r"NU1301|unable to load the service index|name or service not known|resource temporarily", re.I
)
_ERROR = re.compile(r"^\s*(?:(\S+?)(?:\(([\d,]+)\))?\s*: )?error ([A-Z]+\d+)?\s*: (.*?)(?: \[.*\])?$", re.M)
_FAILED_TEST = re.compile(r"^\s*Failed (\S+)", re.M)
_PASSED = re.compile(r"^Passed!\s+- Failed:\s+\d+, Passed:\s+(\d+)", re.M)


@dataclass(frozen=True)
class _Done:
    """What came of the sample: `fetched` outside, the steps inside; or why there is nothing."""

    reason: str = ""
    fetched: Evidence | None = None
    steps: tuple[Ended, ...] = ()
    decided: bool = True

    def step(self, number: int) -> Ended | None:
        return self.steps[number] if number < len(self.steps) else None


def restores(bench: Bench) -> Verdict:
    """The packages that the projects name are there, in versions that go together."""
    done = _done(bench)
    before = (done.fetched,) if done.fetched else ()
    restored = done.step(0)
    if restored is None:
        return Verdict("refuted" if done.decided else "not provable", done.reason, before)
    evidence = (*before, restored.evidence)
    if restored.evidence.good:
        return Verdict("proved", "every project restores", evidence)
    return Verdict("refuted", _why(restored), evidence)


def builds(bench: Bench) -> Verdict:
    """`dotnet build` with warnings as errors."""
    return _of_step(bench, 1, "it builds, with warnings as errors")


def tests(bench: Bench) -> Verdict:
    """`dotnet test` passes, and runs at least one test."""
    tested = _done(bench).step(2)
    verdict = _of_step(bench, 2, "")
    if verdict.outcome != "proved" or tested is None:
        return verdict
    passed = sum(int(count) for count in _PASSED.findall(tested.output))
    if not passed:
        return Verdict("refuted", "no test is run", verdict.evidence)
    return Verdict("proved", f"{passed} tests pass", verdict.evidence)


def _of_step(bench: Bench, number: int, good: str) -> Verdict:
    done = _done(bench)
    ended = done.step(number)
    if ended is None:
        why = done.reason or "what comes before it was refuted"
        return Verdict("not provable", why)
    if ended.evidence.good:
        return Verdict("proved", good, (ended.evidence,))
    return Verdict("refuted", _why(ended), (ended.evidence,))


def _why(ended: Ended) -> str:
    if passed := limit_passed(ended.evidence):
        return f"it was {passed}"
    if failed := _FAILED_TEST.findall(ended.output):
        return f"{len(failed)} tests fail: {', '.join(failed[:5])}"
    errors = list(dict.fromkeys(_ERROR.findall(ended.output)))
    if not errors:
        return f"exit code {ended.evidence.exit}"
    file, at, code, text = errors[0]
    where = f"{file.rpartition('/sample/')[2]}{f':{at}' if at else ''}: " if file else ""
    return f"{len(errors)} errors: {where}{code} {text}"


def _done(bench: Bench) -> _Done:
    if "csharp" not in bench.shared:
        bench.shared["csharp"] = _do(bench)
    done = bench.shared["csharp"]
    assert isinstance(done, _Done)
    return done


def _do(bench: Bench) -> _Done:
    command, sdk = shutil.which("dotnet"), _sdk()
    if command is None or sdk is None:
        return _Done("there is no .NET SDK on the PATH", decided=False)
    sample = {path.removeprefix("sample/"): bench.pack.files[path] for path in bench.pack.below("sample")}
    bare, unread = bare_projects(sample)
    if not bare:
        return _Done("the sample has no project file")
    if unread:
        return _Done(f"its project files are not simple enough to fetch packages for: {unread}", decided=False)
    packages = bench.environments.cache / "nuget" / hashlib.sha256(repr(sorted(bare.items())).encode()).hexdigest()[:24]
    fetched, unreachable = _fetch(command, bare, packages)
    if not fetched.good:
        text = "\n".join(fetched.log)
        found = _ERROR.findall(text)
        reason = (
            "NuGet's sources cannot be reached" if unreachable else f"{found[0][2]} {found[0][3]}" if found else text
        )
        return _Done(reason, fetched, decided=not unreachable)
    own = next((path for path in sorted(sample) if path.endswith((".slnx", ".sln"))), None)
    files = dict(bench.pack.files)
    if own is None:
        files[f"sample/{SOLUTION}"] = solution(sample).encode()
    steps = _steps(sdk, packages, own or SOLUTION)
    return _Done("", fetched, tuple(bench.boxes.run(files, steps, [sdk, packages], _LIMITS)))


def _steps(sdk: Path, packages: Path, target: str) -> list[Step]:
    environment = {
        **_SETTINGS,
        "DOTNET_ROOT": str(sdk),
        "DOTNET_CLI_HOME": "{work}/.dotnet",
        "NUGET_PACKAGES": str(packages),
        "RestoreSources": str(packages),
    }
    dotnet = str(sdk / "dotnet")
    quiet = ["--nologo", "-nodeReuse:false", "-verbosity:minimal"]
    return [
        Step([dotnet, "restore", target, "-nodeReuse:false"], 180, "sample", environment),
        Step([dotnet, "build", target, "--no-restore", "-warnaserror", *quiet], 420, "sample", environment),
        Step([dotnet, "test", target, "--no-build", *quiet], 300, "sample", environment),
    ]


def _fetch(command: str, bare: dict[str, str], packages: Path) -> tuple[Evidence, bool]:
    """Fetch packages from the caller's NuGet sources into `packages`; and say whether these were out of reach."""
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="design-backend-prove-") as scratch:
        for path, text in bare.items():
            place = Path(scratch) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        kept = {name: os.environ[name] for name in _REGISTRY if name in os.environ}
        argv = [command, "restore", SOLUTION, "--packages", str(packages), "-nodeReuse:false"]
        shown = "dotnet restore (names and versions of the packages alone)"
        evidence, output = run_tool(argv, Path(scratch), {**kept, **_SETTINGS}, shown)
    return evidence, bool(_UNREACHABLE.search(output)) or evidence.ended != "by itself"


def _sdk() -> Path | None:
    """The folder of the newest SDK that the `dotnet` of the PATH names."""
    command = shutil.which("dotnet")
    if command is None:
        return None
    try:
        told = subprocess.run([command, "--list-sdks"], capture_output=True, text=True, timeout=120, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    places = re.findall(r"^\S+ \[(.+)\]$", told, re.M)
    folder = Path(places[-1]).parent if places else None
    return folder if folder and (folder / "dotnet").exists() else None
