"""A package registry on loopback (PEP 503), with wheels made of what is installed here and of what a test invents."""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata

GENERATOR = b"""import json, pathlib, sys
said = json.loads(pathlib.Path("openapi.yaml").read_text())
print(said["says"])
for name, text in said["makes"].items():
    made = pathlib.Path(sys.argv[sys.argv.index("--output-path") + 1], name)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(text)
sys.exit(said["exit"])
"""
"""In place of the generator of clients, whose packages do not go with ours: says and makes what a test tells it to."""
INSTALLED = ("pytest", "iniconfig", "pluggy", "packaging", "pygments")


def wheel(name: str, version: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """A wheel of these files: its name and bytes."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    known = {
        **files,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    known.setdefault(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode())
    digests = (
        (path, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("="))
        for path, data in known.items()
    )
    record = "".join(f"{path},sha256={digest},{len(known[path])}\n" for path, digest in digests)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in {**known, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(path, content)
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl", packed.getvalue()


def installed(name: str) -> tuple[str, bytes]:
    """A wheel of a package that is installed here."""
    package = metadata.distribution(name)
    kept = ("RECORD", "WHEEL", "INSTALLER", "REQUESTED")
    files = {
        path.as_posix(): path.read_binary()
        for path in package.files or []
        if ".." not in path.parts and path.suffix != ".pyc" and path.name not in kept
    }
    info = next(path.split("/")[0] for path in files if ".dist-info/" in path)
    renamed = {path.replace(info, f"{name}-{package.version}.dist-info"): data for path, data in files.items()}
    return wheel(name, package.version, renamed)


@contextmanager
def registry() -> Generator[str]:
    """The address of a registry that has what tests need."""
    made = (
        wheel("shipping", "1.0", {"shipping.py": b"RATE = 3\n"}),
        wheel("openapi-python-client", "0.29.0", {"openapi_python_client/__main__.py": GENERATOR}),
    )
    wheels = dict([*(installed(name) for name in INSTALLED), *made])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").split("/")[-1]
            mine = [each for each in wheels if each.split("-")[0].lower().replace("_", "-") == name]
            if name in wheels:
                self._answer(wheels[name], "application/zip")
            elif mine:
                links = "".join(f'<a href="/files/{each}">{each}</a>' for each in mine)
                self._answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
            else:
                self.send_error(404)

        def _answer(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                with suppress(BrokenPipeError):  # uv reads as much of a wheel as it needs
                    self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple/"
    finally:
        server.shutdown()
        server.server_close()
