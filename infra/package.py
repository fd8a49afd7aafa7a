"""Builds what is deployed: `python -m infra.package dist/app.zip`, or a folder for azd. Nothing is built in Azure.

It holds the app, host.json for one durable backend (infra/backends.py), the wheels of requirements.txt for Azure's
platform whatever this machine is, and bytecode, so that a starting instance compiles nothing. Bytecode is never
compared with its source ("unchecked hash"): unpacking changes the times by which it would be.
"""

import argparse
import compileall
import hashlib
import json
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from infra import backends

PROJECT = Path(__file__).parents[1]
SHIPPED = ("function_app.py", "host.json", "requirements.txt", "activities", "orchestrators", "shared", "triggers")
PLATFORM = "x86_64-manylinux_2_28"
"""Flex Consumption runs Linux on x86-64; newer glibc than 2.28 is nowhere asked for."""
PYTHON = "3.13"
SITE_PACKAGES = Path(".python_packages/lib/site-packages")
"""Where the Functions worker looks for packages."""
MAXIMUM_BYTES = 800_000_000
"""Unpacked; more than twice today's, and below what an instance's disk takes (docs/deploy.md)."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FUNCIGNORE = "# Nothing is left out. Without this file, azd leaves out __pycache__, which holds the bytecode.\n"


def copy_app(target: Path, backend: str) -> None:
    """The app's own files, host.json as the backend needs it."""
    for name in SHIPPED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    host = target / "host.json"
    host.write_text(backends.host_json(host.read_text(encoding="utf-8"), backend), encoding="utf-8", newline="\n")


def install(target: Path, requirements: Path) -> None:
    """The wheels of `requirements`, each held against its hash. Whatever has no wheel for the platform is refused."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not installed: run this as `./dev python -m infra.package`.")
    site = target / SITE_PACKAGES
    options = ["--python-platform", PLATFORM, "--python-version", PYTHON, "--only-binary", ":all:", "--require-hashes"]
    arguments = ["--quiet", "--no-config", "--target", str(site), "--requirements", str(requirements)]
    subprocess.run([uv, "pip", "install", *options, *arguments], check=True)
    shutil.rmtree(site / "bin", ignore_errors=True)  # commands, with this machine's paths in them


def compile_all(target: Path) -> None:
    """Bytecode beside every module, as the worker's Python reads it."""
    if sys.version_info[:2] != tuple(int(part) for part in PYTHON.split(".")):
        raise SystemExit(f"Bytecode of Python {PYTHON} is asked for, and this is {sys.version.split()[0]}.")
    compileall.compile_dir(
        target,
        quiet=2,  # a few wheels hold modules for other Pythons
        force=True,
        workers=os.cpu_count() or 1,
        stripdir=str(target),
        prependdir="/home/site/wwwroot",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def write_zip(source: Path, target: Path) -> str:
    """Pack `source`, the same files always alike; returns the zip's SHA-256."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, path.read_bytes())
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(package: Path) -> list[str]:
    """Names of the functions that the package registers, imported as it stands, by a Python that sees nothing else."""
    with tempfile.TemporaryDirectory(prefix="design-backend-package-") as scratch:
        folder = package
        if package.is_file():
            folder = Path(scratch)
            with zipfile.ZipFile(package) as packed:
                packed.extractall(folder)
        places = [str(folder), str(folder / SITE_PACKAGES)]
        code = (
            f"import json, sys; sys.path[:0] = {places!r}; import function_app; "
            "print(json.dumps([each.get_function_name() for each in function_app.app.get_functions()]))"
        )
        done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{package} cannot be imported: {done.stderr.strip()[-2_000:]}")
    return json.loads(done.stdout)


def build(target: Path, backend: str, requirements: Path = PROJECT / "requirements.txt") -> str:
    """Build the package, as a zip where `target` is named so, else as a folder; returns what to tell of it."""
    with tempfile.TemporaryDirectory(prefix="design-backend-package-") as scratch:
        folder = Path(scratch) / "app"
        folder.mkdir()
        copy_app(folder, backend)
        install(folder, requirements)
        compile_all(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size > MAXIMUM_BYTES:
            raise SystemExit(f"The package unpacks to {size:,} bytes; at most {MAXIMUM_BYTES:,} are allowed.")
        if target.suffix == ".zip":
            digest = write_zip(folder, target)
            packed = f"{target.stat().st_size / 1e6:.1f} MB, {size / 1e6:.1f} MB unpacked, sha256 {digest}"
        else:
            (folder / ".funcignore").write_text(_FUNCIGNORE, encoding="utf-8", newline="\n")
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, target)
            packed = f"{size / 1e6:.1f} MB, to be packed"
    return f"{target}: for {backend}, {packed}"


def main() -> None:
    """Build the package that the command line names, and see that it can be imported where this is its platform."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Build what is deployed.")
    parser.add_argument("target", type=Path, nargs="?", default=PROJECT / "dist/app.zip", help="a .zip, or a folder")
    parser.add_argument(
        "--backend",
        choices=backends.BACKENDS,
        default=os.environ.get("DURABLE_BACKEND") or backends.AZURE_STORAGE,
        help="what keeps the runs where it is deployed; DURABLE_BACKEND, which azd sets, else %(default)s",
    )
    wanted = parser.parse_args()
    target: Path = wanted.target.resolve()
    print(build(target, wanted.backend))
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        print(f"{len(verify(target))} functions, imported from the package alone")


if __name__ == "__main__":
    main()
