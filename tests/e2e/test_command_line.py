"""The command line from a PRD file to the files of its pack, with a host of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import FAST, prd_text


def design_backend(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("design-backend")), *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | FAST, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "shop.md").write_text(prd_text("Wool Shop"), encoding="utf-8")
    return folder


def test_run_writes_the_pack_at_the_containers_paths(folder: Path):
    done = design_backend("run", "--prd", "shop.md", "--state", "state", "--db", "postgres", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Execution Plan Summary:" in done.stdout
    assert "\x1b" not in done.stdout
    root = folder / ".claude/outputs/design"
    assert [path.name for path in root.glob("projects/wool-shop/*/MANIFEST.md")] == ["MANIFEST.md"]
    agents = {path.relative_to(root / "agents").parts[0]: path.name for path in root.glob("agents/*/wool-shop-*/*.md")}
    assert agents == {
        "system-architect": "integration-architecture.md",
        "api-backend-tester": "test-specifications.md",
        "azure-devops-pipelines-expert": "cicd-pipeline.md",
        "azure-monitor-logs-expert": "observability-plan.md",
        "python-backend-dev": "python-sample-implementation.md",
    }


def test_the_same_run_again_pays_nothing_and_gives_the_same_files(folder: Path):
    done = design_backend(
        "run", "shop.md", "--state", "state", "--db", "postgres", "--json", "--output", "again", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "completed"
    written = {path.relative_to(folder / "again") for path in (folder / "again").rglob("*") if path.is_file()}
    assert written == {path.relative_to(folder) for path in (folder / ".claude").rglob("*") if path.is_file()}


def test_a_missing_file_and_a_bad_option_are_usage_errors(folder: Path):
    missing = design_backend("run", "--prd", "nowhere.md", "--state", "state", cwd=folder)
    assert missing.returncode == 2
    assert "nowhere.md" in missing.stderr
    refused = design_backend("run", "--prd", "shop.md", "--db", "x; rm", "--state", "state", cwd=folder)
    assert refused.returncode == 2
    assert "datastore" in refused.stderr
