"""Runs inside the box, in the sample's environment: imports every module and says, as a line of JSON each, what failed.

Standard library alone. A module is imported by its dotted name, as its program would; a file whose name is no
identifier, such as a migration's, is loaded by its path.
"""

import importlib
import importlib.util
import json
import sys
import traceback
from pathlib import Path

_LEFT_OUT = {"tests", "test", ".venv", "node_modules", "__pycache__"}
_BY_ITSELF = {"conftest.py", "setup.py", "env.py", "noxfile.py"}
"""What only its tool can import."""


def modules(root: Path) -> list[Path]:
    """The sample's own modules, without tests."""
    found = sorted(path.relative_to(root) for path in root.rglob("*.py"))
    return [path for path in found if not _LEFT_OUT & set(path.parts[:-1]) and path.name not in _BY_ITSELF]


def load(root: Path, path: Path) -> None:
    """Import one module."""
    parts = [*path.parts[:-1], path.stem]
    if parts[0] == "src" and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    if parts and all(part.isidentifier() for part in parts):
        if parts[-1] != "__main__":
            importlib.import_module(".".join(parts))
        return
    spec = importlib.util.spec_from_file_location("loaded_by_path", root / path)
    assert spec and spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def place(root: Path, error: BaseException) -> tuple[str, int | None]:
    """The last line of the sample's own that was at work; no file where there is none."""
    own = Path(__file__)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        at = Path(frame.filename)
        if at.is_relative_to(root) and at != own:
            return at.relative_to(root).as_posix(), frame.lineno
    return "", None


def main() -> None:
    """Import all; exit code 1 where one failed."""
    root = Path.cwd()
    sys.path[:0] = [str(root), str(root / "src")]
    found, failed = modules(root), 0
    for path in found:
        try:
            load(root, path)
        except BaseException as error:  # noqa: BLE001 - whatever a module raises is told, not judged, here
            failed += 1
            where, line = place(root, error)
            kinds = [kind.__name__ for kind in type(error).__mro__]
            text = str(error) or type(error).__name__
            said = {"module": path.as_posix(), "kinds": kinds, "error": text, "at": where, "line": line}
            print(json.dumps(said), flush=True)
    print(json.dumps({"modules": len(found), "failed": failed}), flush=True)
    sys.exit(1 if failed else 0)


main()
