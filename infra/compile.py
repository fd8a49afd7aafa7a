"""Compiles the templates: `python -m infra.compile` (`make templates`) writes infra/compiled/, which is committed.

It holds the templates as Resource Manager gets them, and for each parameter file the resources that a deployment would
make (`bicep snapshot`, which asks nobody). They are reviewed like code, and the rules of infra/lint.py read them, also
where there is no compiler. hashes.json says what they were made from, so that a change of a template tells.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
COMPILED = HERE / "compiled"
HASHES = "hashes.json"
TEMPLATES = ("main", "events")
"""What is deployed by itself."""
_SOURCES = ("*.bicep", "modules/*.bicep", "queries/*.kql", "parameters/**/*.json", "bicepconfig.json")
_NOBODY = "00000000-0000-0000-0000-00000000000"
_DIAGNOSTIC = re.compile(r"(?P<file>.+?)\((?P<line>\d+),\d+\) : (?P<level>\w+) (?P<code>[\w-]+): (?P<said>.*)")
_AGE = "use-recent-api-versions"
"""Told when compiling anew, and not by every check: else the calendar alone would break a build."""


class Diagnostic(NamedTuple):
    """What the compiler says of a place."""

    file: str
    line: int
    level: str
    code: str
    said: str


class Refused(Exception):
    """The compiler makes nothing of the templates; the message is what it said."""


@dataclass(frozen=True)
class Bicep:
    """The compiler as it is installed here."""

    program: str

    @classmethod
    def find(cls) -> "Bicep | None":
        """`BICEP`, else `bicep` on the PATH, else what `az bicep install` or azd has installed."""
        if named := os.environ.get("BICEP"):
            return cls(named)
        home, az = Path.home(), os.environ.get("AZURE_CONFIG_DIR")
        installed = [Path(az) / "bin" if az else home / ".azure/bin", home / ".azd/bin"]
        found = shutil.which("bicep", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, installed)]))
        return cls(found) if found else None

    def __call__(self, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([self.program, *arguments], cwd=folder, capture_output=True, text=True, check=False)

    @property
    def version(self) -> str:
        """Such as 0.49.2."""
        return self("--version", folder=HERE).stdout.split("version", 1)[-1].split()[0]

    def diagnostics(self, folder: Path) -> list[Diagnostic]:
        """Whatever it says of the templates below `folder`."""
        done = self("lint", "--pattern", "**/*.bicep", folder=folder)
        lines = (done.stdout + done.stderr).splitlines()
        told = [match for line in lines if (match := _DIAGNOSTIC.match(line))]
        found = {
            Diagnostic(os.path.relpath(one["file"], folder.resolve()), int(one["line"]), *one.groups()[2:])
            for one in told
        }
        if done.returncode and not found:
            raise Refused("\n".join(lines))
        return sorted(found)

    def unformatted(self, folder: Path) -> list[str]:
        """Templates below `folder`, a copy that may be changed, that its formatter would write differently."""
        before = {path: path.read_bytes() for path in folder.rglob("*.bicep")}
        self("format", "--pattern", "**/*.bicep", "--newline-kind", "LF", folder=folder)
        return sorted(path.relative_to(folder).as_posix() for path, text in before.items() if path.read_bytes() != text)

    def compiled(self, folder: Path) -> dict[str, str]:
        """The files of infra/compiled, from a copy of the sources that may be added to."""
        with ThreadPoolExecutor(2) as pool:
            built = {name: pool.submit(self._built, folder, name) for name in TEMPLATES}
            predicted = {path.stem: pool.submit(self._predicted, folder, path) for path in parameter_files(folder)}
            return {f"{name}.json": one.result() for name, one in (built | predicted).items()}

    def _built(self, folder: Path, name: str) -> str:
        done = self("build", f"{name}.bicep", "--stdout", folder=folder)
        return _text(_without_generator(_answer(done, done.stdout)))

    def _predicted(self, folder: Path, parameters: Path) -> str:
        """What a deployment with these parameters would make, by somebody who deploys as the pipeline does."""
        given = f"loadJsonContent('{parameters.relative_to(folder).as_posix()}').parameters"
        names = json.loads(parameters.read_text(encoding="utf-8"))["parameters"]
        lines = [f"param {name} = given.{name}.value" for name in names]
        who = [f"param principalId = '{_NOBODY}d'", "param principalType = 'ServicePrincipal'"]
        file = folder / f"{parameters.stem}.bicepparam"
        file.write_text("\n".join(["using 'main.bicep'", f"var given = {given}", *lines, *who]), encoding="utf-8")
        done = self(
            "snapshot", file.name, "--subscription-id", f"{_NOBODY}5", "--tenant-id", f"{_NOBODY}7", folder=folder
        )
        snapshot = file.with_suffix(".snapshot.json")
        told = _answer(done, snapshot.read_text(encoding="utf-8") if snapshot.is_file() else "")
        return _text(told | {"outputs": dict(sorted(told["outputs"].items()))})  # which come in any order


def _answer(done: "subprocess.CompletedProcess[str]", text: str) -> Any:
    if done.returncode or not text:
        raise Refused(done.stderr.strip() or done.stdout.strip())
    return json.loads(text)


def _without_generator(node: Any) -> Any:
    """Without the notes of which compiler wrote it: they change where nothing else does."""
    if isinstance(node, list):
        return [_without_generator(one) for one in node]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(node, dict):
        return node
    return {key: _without_generator(value) for key, value in node.items() if key != "_generator"}  # pyright: ignore[reportUnknownVariableType]


def _text(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def parameter_files(folder: Path = HERE) -> list[Path]:
    """The parameter files that a prediction is made of: the environments, and variants that none of them has."""
    return sorted((folder / "parameters").rglob("*.json"))


def sources(folder: Path = HERE) -> list[Path]:
    """Whatever the compiler reads."""
    return sorted({path for pattern in _SOURCES for path in folder.glob(pattern)})


def copied(folder: Path, target: Path) -> Path:
    """A copy of the sources, to compile in."""
    for path in sources(folder):
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    return target


def _hashes(folder: Path, paths: list[Path]) -> dict[str, str]:
    """By name; line ends as a checkout on Windows may have them make no difference."""
    texts = {path.relative_to(folder).as_posix(): path.read_bytes().replace(b"\r\n", b"\n") for path in paths}
    return {name: hashlib.sha256(text).hexdigest() for name, text in sorted(texts.items())}


def hashes(folder: Path = HERE) -> dict[str, dict[str, str]]:
    """Of the sources, and of what is committed as made from them."""
    made = [path for path in sorted((folder / "compiled").glob("*.json")) if path.name != HASHES]
    return {"sources": _hashes(folder, sources(folder)), "compiled": _hashes(folder / "compiled", made)}


def noted(folder: Path = HERE) -> dict[str, Any]:
    """hashes.json: the compiler's version, and the hashes of when it last ran."""
    return json.loads((folder / "compiled" / HASHES).read_text(encoding="utf-8"))


def stale(folder: Path = HERE) -> Iterator[str]:
    """Files that are not as they were when infra/compiled was written."""
    then, now = noted(folder), hashes(folder)
    for part, prefix in (("sources", ""), ("compiled", "compiled/")):
        for name in sorted(set(then[part]) | set(now[part])):
            if then[part].get(name) != now[part].get(name):
                yield prefix + name


def write(bicep: Bicep, folder: Path = HERE) -> list[Diagnostic]:
    """Write infra/compiled anew, unless the compiler has something to say, which is returned."""
    with tempfile.TemporaryDirectory(prefix="design-backend-bicep-") as scratch:
        place = copied(folder, Path(scratch))
        said = [one for one in bicep.diagnostics(place) if one.level != "Info" or one.code == _AGE]
        made = {} if said else bicep.compiled(place)
    target = folder / "compiled"
    target.mkdir(exist_ok=True)
    for old in target.glob("*.json") if made else ():
        old.unlink()
    for name, text in made.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    if made:
        note = {"compiler": bicep.version, **hashes(folder)}
        (target / HASHES).write_text(_text(note), encoding="utf-8", newline="\n")
    return said


def main() -> int:
    """0 where infra/compiled is written; 1 with what the compiler said."""
    bicep = Bicep.find()
    if bicep is None:
        print("There is no Bicep compiler here: `az bicep install`, or https://aka.ms/bicep-install.", file=sys.stderr)
        return 1
    try:
        said = write(bicep)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    print(*(f"infra/{one.file}:{one.line}: {one.code}: {one.said}" for one in said), sep="\n", end="\n" if said else "")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
