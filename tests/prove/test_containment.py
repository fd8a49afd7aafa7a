"""Hostile packs: what they do stays in the box, and is told."""

import socket
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prove.containment import Boxes, Ended, Limits, Step, boxes
from prove.verdicts import Containment

BOXES = boxes()
FEW = Limits(disk_bytes=20 << 20, memory_bytes=300 << 20, output_bytes=1 << 20, processes=40)
in_namespaces = pytest.mark.skipif(
    BOXES.containment.kind != "namespaces", reason="this system gives no namespaces, which every result says"
)
BOTH = [
    pytest.param(BOXES, id="as this system can"),
    pytest.param(Boxes(Containment("limits", ())), id="by limits alone"),
]


def hostile(code: str, held: Boxes = BOXES, seconds: float = 10) -> Ended:
    """What becomes of a program with this code."""
    [ended] = held.run(
        {"hostile.py": code.encode()}, [Step([sys.executable, "-I", "hostile.py"], seconds)], [VENV], FEW
    )
    return ended


VENV = Path(sys.prefix)


def left_of(mark: str) -> list[str]:
    """Processes whose command holds this mark."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in command:
            found.append(command)
    return found


@pytest.mark.parametrize("held", BOTH)
def test_a_fork_bomb_is_ended(held: Boxes):
    ended = hostile("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n", held)
    assert ended.evidence.ended == "processes"


@pytest.mark.parametrize("held", BOTH)
def test_the_callers_environment_is_not_there(held: Boxes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-callers-key")
    ended = hostile("import os\nprint(dict(os.environ), os.environ['HOME'], os.listdir(os.environ['HOME']))\n", held)
    assert ended.evidence.good
    assert "the-callers-key" not in ended.output
    assert str(Path.home()) not in ended.output


@in_namespaces
def test_the_environment_of_no_process_outside_can_be_read(monkeypatch: pytest.MonkeyPatch):
    code = """
        import pathlib
        for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
            try: print(path, path.read_bytes())
            except OSError as error: print(path, error)
        """
    lines = hostile("\n".join(line[8:] for line in code.splitlines())).output.splitlines()
    assert len(lines) == 2, "its own process and the first of the box, whose environment is closed to it"
    assert any("Permission denied" in line for line in lines)


@in_namespaces
def test_files_of_the_caller_are_neither_read_nor_written(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("the caller's")
    code = f"""
import pathlib
for place in ({str(secret)!r}, {str(Path.home() / ".bashrc")!r}, '/etc/shadow', {str(VENV / "new")!r}, '/usr/new'):
    for act in (lambda p: p.read_text(), lambda p: p.write_text('mine')):
        try: act(pathlib.Path(place)); print('DONE', place)
        except OSError as error: print(type(error).__name__)
"""
    ended = hostile(code)
    assert ended.evidence.good
    assert "DONE" not in ended.output
    assert secret.read_text() == "the caller's"


@in_namespaces
def test_it_cannot_phone_out_nor_to_the_callers_own_servers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"""
import socket
for place in (('127.0.0.1', {port}), ('192.0.2.1', 80)):
    try: socket.create_connection(place, timeout=2); print('REACHED')
    except OSError as error: print(error)
with socket.create_server(('127.0.0.1', 0)) as own:
    socket.create_connection(own.getsockname(), timeout=2)
    print('loopback is there')
"""
        ended = hostile(code)
    assert "REACHED" not in ended.output
    assert "Network is unreachable" in ended.output
    assert "loopback is there" in ended.output


@pytest.mark.parametrize("held", BOTH)
def test_what_sleeps_forever_is_ended_with_what_it_started(held: Boxes):
    code = """
import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(987651)'], start_new_session=True)
time.sleep(987651)
"""
    ended = hostile(code, held, seconds=1.5)
    assert (ended.evidence.ended, ended.evidence.exit) == ("time", -9)
    assert left_of("sleep(987651)") == []


@pytest.mark.parametrize("held", BOTH)
def test_what_it_leaves_running_ends_with_it(held: Boxes):
    code = """
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(987652)'], start_new_session=True)
"""
    assert hostile(code, held).evidence.good
    assert left_of("sleep(987652)") == []


@in_namespaces
def test_the_disk_is_not_filled():
    code = """
written = 0
try:
    for number in range(100):
        with open(f'big-{number}', 'wb') as big: written += big.write(bytes(1 << 20))
except OSError as error: print(written >> 20, error)
"""
    output = hostile(code).output
    assert "No space left on device" in output
    assert int(output.split()[0]) < 20


@pytest.mark.parametrize("held", BOTH)
def test_memory_is_limited(held: Boxes):
    ended = hostile("kept = []\nwhile True: kept.append(bytearray(b'x' * (1 << 20)))\n", held)
    assert ended.evidence.ended == "memory"


@pytest.mark.parametrize("held", BOTH)
def test_output_is_limited_and_its_end_is_kept(held: Boxes):
    ended = hostile("while True: print('x' * 1000)\n", held)
    assert ended.evidence.ended == "output"
    assert len(ended.output) < 100_000


@in_namespaces
def test_what_kills_its_parent_kills_itself_alone():
    ended = hostile(
        "import os, signal\nfor pid in (os.getppid(), -1):\n    try: os.kill(pid, 9)\n    except OSError as e: print(e)\nprint('still here')\n"
    )
    assert ended.evidence.ended == "by itself"
    assert "Operation not permitted" in ended.output


@in_namespaces
def test_it_makes_no_namespace_of_its_own():
    ended = hostile("import os\ntry: os.unshare(0x10000000); print('MADE')\nexcept OSError as error: print(error)\n")
    assert "MADE" not in ended.output


@in_namespaces
def test_a_step_after_a_fork_bomb_has_its_processes():
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    after = "import subprocess\nfor _ in range(20): subprocess.Popen(['/bin/sleep', '5'])\nprint('all started')\n"
    steps = [Step([sys.executable, "-I", "-c", code], 10, go_on=True) for code in (bomb, after)]
    first, second = BOXES.run({}, steps, [VENV], FEW)
    assert (first.evidence.ended, second.evidence.ended) == ("processes", "by itself")
    assert "all started" in second.output


def test_a_log_cannot_steer_a_terminal():
    ended = hostile("print('\\x1b]0;owned\\x07 plain')\n")
    assert ended.evidence.log == (" ]0;owned  plain",)


def test_two_boxes_at_once_do_not_meet():
    code = "import os, pathlib\npathlib.Path('/tmp/mark').write_text('x')\nprint(sorted(os.listdir('.')))\n"
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(hostile, [code, code])
    assert first.evidence.good
    assert first.output == second.output == "['hostile.py']\n"


def test_nothing_is_left_of_a_box():
    before = set(Path(tempfile.gettempdir()).glob("design-backend-prove-*"))
    assert hostile("print(1)").evidence.good
    assert set(Path(tempfile.gettempdir()).glob("design-backend-prove-*")) <= before
