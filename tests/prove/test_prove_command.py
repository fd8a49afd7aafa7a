"""The command: what it says, asks, writes and ends with."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from infra.package import PROJECT
from tests.prove.conftest import SUITES, write_pack

SCRIPT = {"pipelines/release.sh": "echo released\n"}
BROKEN = {"pipelines/release.sh": "if\n"}


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["prove", *arguments])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "pack", SCRIPT)


def test_a_pack_whose_proofs_hold_ends_with_0(good: Path):
    result = command(str(good), "--yes")
    assert result.exit_code == 0, result.output
    assert "scripts-parse: bash -n, which runs none of them" in result.output
    assert "1 proved, 0 refuted, 0 not provable here" in result.output


def test_something_refuted_ends_with_1_and_its_reason(tmp_path: Path):
    result = command(str(write_pack(tmp_path / "pack", BROKEN)), "--yes")
    assert result.exit_code == 1
    assert "syntax error" in result.output


def test_it_says_what_held_the_code_in(good: Path):
    output = command(str(good), "--yes").output
    assert "Held: " in output


def test_without_a_terminal_and_without_yes_nothing_is_run(good: Path):
    result = command(str(good))
    assert result.exit_code == 2
    assert "Nothing was run" in result.output
    assert not (good / "proof.json").exists()


def test_the_result_lies_beside_the_manifest_and_follows_its_schema(good: Path):
    printed = command(str(good), "--yes", "--json")
    written = json.loads((good / "proof.json").read_text(encoding="utf-8"))
    assert json.loads(printed.stdout) == written
    jsonschema.validate(written, json.loads((PROJECT / "docs" / "proof.schema.json").read_text(encoding="utf-8")))
    assert written["proofs"][0]["evidence"][0]["command"] == "bash -n pipelines/release.sh"
    assert set(written["files"]) == {"manifest.json", "pipelines/release.sh"}


def test_the_written_result_shows_each_proof_with_its_evidence(tmp_path: Path):
    pack = write_pack(tmp_path / "pack", BROKEN)
    command(str(pack), "--yes")
    text = (pack / "proof.md").read_text(encoding="utf-8")
    assert "| Shell scripts parse (`scripts-parse`) | **refuted** |" in text
    assert "`bash -n pipelines/release.sh`: exit code 2" in text


def test_a_proof_can_be_chosen_and_left_out(tmp_path: Path):
    pack = write_pack(tmp_path / "pack", {**SCRIPT, **SUITES})
    for option in (["--only", "scripts-parse"], ["--skip", "suites-collect"]):
        command(str(pack), "--yes", *option)
        proofs = json.loads((pack / "proof.json").read_text(encoding="utf-8"))["proofs"]
        assert [each["proof"] for each in proofs] == ["scripts-parse"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "magic"], "There is no proof 'magic'"),
        (["--only", "sample-tests"], "holds nothing that sample-tests could run"),
    ],
)
def test_what_cannot_be_proved_is_refused_before_anything_is_run(good: Path, arguments: list[str], told: str):
    result = command(str(good), "--yes", *arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path):
    result = command(str(tmp_path), "--yes")
    assert result.exit_code == 2
    assert "is no pack" in result.output


def test_files_are_taken_from_documents_where_there_is_no_manifest(tmp_path: Path):
    text = "# Test specifications\n\n**`tests/run.sh`**\n\n```bash\nif\n```\n"
    (tmp_path / "test-specifications.md").write_text(text, encoding="utf-8")
    result = command(str(tmp_path), "--yes")
    assert result.exit_code == 1
    assert "tests/run.sh: line" in result.output


def test_a_link_out_of_the_pack_is_not_followed(good: Path, tmp_path: Path):
    secret = tmp_path / "secret.sh"
    secret.write_text("if\n", encoding="utf-8")
    (good / "pipelines" / "link.sh").symlink_to(secret)
    assert command(str(good), "--yes").exit_code == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_process_and_no_file(tmp_path: Path, sent: signal.Signals):
    slow = {**SUITES, "tests/contract/test_slow.py": "import time\n\nprint('begun', flush=True)\ntime.sleep(987653)\n"}
    pack = write_pack(tmp_path / "pack", slow)
    own = tmp_path / "tmp"
    own.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", "prove", str(pack), "--yes"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(own)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not _collecting() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _collecting(), "the suites are never collected"
        running.send_signal(sent)
        output, _ = running.communicate(timeout=30)
    finally:
        running.kill()
        running.communicate()
    assert running.returncode == 130, output
    assert "what was running is ended" in output
    assert _collecting() == []
    assert list(own.iterdir()) == []
    assert not (pack / "proof.json").exists()


def _collecting() -> list[str]:
    """Processes that collect suites with an environment from the tests' own cache."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if "pytest --setup-plan" in line and os.environ["XDG_CACHE_HOME"] in line:
                found.append(line)
    return found
