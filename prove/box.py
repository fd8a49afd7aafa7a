"""The program that a child of ours runs: makes a box around itself, and runs steps of a proof in it, in order.

Standard library alone, so that it starts without the project's environment (`python -I -S box.py`). It reads one JSON
object from standard input and writes one JSON object a line: `{"box": ...}` when the box stands (or why it cannot),
then one for each step. On Linux the box is a set of namespaces of its own: users, files, processes, network, IPC. In it
are the system's own software, what the proof was given to read, and a throw-away folder in memory of a fixed size; no
home, no other file, no network but loopback. With `"namespaces": false`, limits and ends are all there is.
"""

import ctypes
import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
from box_steps import become_reaper, end_all, run_step  # pyright: ignore[reportImplicitRelativeImport] - no package here

NOBODY = 65534
"""Whom steps run as where the caller is root."""
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr")
_ETC = (
    "alternatives", "group", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "nsswitch.conf", "passwd", "protocols", "services", "ssl/certs", "ssl/openssl.cnf", "timezone",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")

_CLONE = 0x10000000 | 0x00020000 | 0x40000000 | 0x20000000 | 0x08000000 | 0x04000000
"""Users, files, network, processes, IPC, host name: numbers, as macOS has no names for them."""
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY_NOSUID = 442, -100, 0x8000, 1 | 2
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Read the order, stand up the box, run the steps, say what became of each."""
    order: dict[str, Any] = json.load(sys.stdin)
    signal.signal(signal.SIGTERM, _stop)
    if order["namespaces"]:
        _in_namespaces(order)
    become_reaper()
    _say({"box": "limits"})
    _run(order, None)


def _stop(_signal: int, _frame: object) -> NoReturn:
    end_all(alone=False)
    os._exit(143)


def _in_namespaces(order: dict[str, Any]) -> NoReturn:
    """Fork the first process of the box and wait for it; its maps of users are written from out here."""
    as_root = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    made, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        _die_with_parent()
        try:
            os.unshare(_CLONE)
            os.write(made[1], b"1")
            os.close(mapped[1])
            if os.read(mapped[0], 1) != b"1":
                os._exit(1)
            _first(order, NOBODY if as_root else None)
        except OSError as error:
            _refuse(error)
    os.close(made[1])
    try:
        if os.read(made[0], 1) == b"1":
            _map_users(child, uid, gid, as_root)
            os.write(mapped[1], b"1")
    except OSError as error:
        os.kill(child, signal.SIGKILL)
        _refuse(error)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _map_users(child: int, uid: int, gid: int, as_root: bool) -> None:
    proc = Path(f"/proc/{child}")
    if not as_root:
        (proc / "setgroups").write_text("deny")
    for name, own in (("uid_map", uid), ("gid_map", gid)):
        lines = f"0 0 1\n{NOBODY} {NOBODY} 1\n" if as_root else f"{own} {own} 1\n"
        (proc / name).write_text(lines)


def _first(order: dict[str, Any], become: int | None) -> NoReturn:
    """Build the box's file system, then fork process 1 of it."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    root = Path(order["scratch"]) / "root"
    _build_root(order, root, become)
    _loopback_up()
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    first = os.fork()
    if first == 0:
        try:
            _mount("proc", str(root / "proc"), "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
            _enter(root)
        except OSError as error:
            _refuse(error)
        _say({"box": "namespaces"})
        _run(order, become)
    _, status = os.waitpid(first, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _build_root(order: dict[str, Any], root: Path, become: int | None) -> None:
    """A file system in memory, of a fixed size: what may be read, bound read-only, and the throw-away copy."""
    root.mkdir()
    _mount("tmpfs", str(root), "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={order['disk_bytes']},nr_inodes=200000,mode=755")
    for name in _SYSTEM:
        _bring(Path("/") / name, root)
    for name in _ETC:
        _bring(Path("/etc") / name, root)
    for path in map(Path, order["readable"]):
        _bring(path, root)
        _bring(path.resolve(), root)
    for name in _DEVICES:
        _bring(Path("/dev") / name, root, read_only=False)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(f"/proc/self/{target}")
    (root / "proc").mkdir()
    for name in ("tmp", "dev/shm", "var/tmp", "home"):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(0o1777)
    work = root / Path(order["work"]).relative_to("/")
    shutil.copytree(order["pack"], work)
    if become is not None:
        for folder, _, files in os.walk(work):
            for path in (folder, *(f"{folder}/{name}" for name in files)):
                os.chown(path, become, become)


def _bring(source: Path, root: Path, *, read_only: bool = True) -> None:
    """The file, folder or link `source`, at the same path in the box; what is not here is left out."""
    target = root / source.relative_to("/")
    if target.exists() or target.is_symlink():
        return
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.readlink())
        return
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir() if source.is_dir() else target.touch()
    _mount(str(source), str(target), None, _MS_BIND | _MS_REC)
    if read_only:
        _make_read_only(target)


def _make_read_only(target: Path) -> None:
    attributes = struct.pack("QQQQ", _RDONLY_NOSUID, 0, 0, 0)
    path = str(target).encode()
    if _libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, attributes, len(attributes)) != 0:
        raise OSError(ctypes.get_errno(), "mount_setattr", str(target))


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    if _libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


def _enter(root: Path) -> None:
    os.chdir(root)
    if _libc.pivot_root(b".", b".") != 0 or _libc.umount2(b".", _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "pivot_root", str(root))
    os.chdir("/")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(anything, _SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(anything, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _die_with_parent() -> None:
    _libc.prctl(1, signal.SIGKILL)


def _run(order: dict[str, Any], become: int | None) -> NoReturn:
    """Run the steps until one fails; what a step leaves running is ended with it."""
    alone = os.getpid() == 1
    os.umask(0o022)
    for step in order["steps"]:
        outcome = run_step(step, order, become, alone)
        _say(outcome)
        if (outcome["exit"] != 0 or outcome["ended"] != "by itself") and not step["go_on"]:
            break
    os._exit(0)


def _refuse(error: OSError) -> NoReturn:
    reason = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, error.errno)})"
    _say({"box": None, "reason": f"{reason}: {error.filename}" if error.filename else reason})
    os._exit(3)


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
