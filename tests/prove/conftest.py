"""Small packs, a registry on loopback, and a cache of the tests' own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from prove import Proof, plan, prove, read_pack
from tests.prove.registry import registry

PYPROJECT = """[project]
name = "small"
version = "1.0"
requires-python = ">=3.13"
dependencies = ["shipping==1.0"]
[dependency-groups]
dev = ["pytest"]
"""
SAMPLE: Mapping[str, str] = {
    "sample/pyproject.toml": PYPROJECT,
    "sample/app/__init__.py": "",
    "sample/app/prices.py": "import shipping\n\n\ndef total(price: int) -> int:\n    return price + shipping.RATE\n",
    "sample/tests/unit/test_prices.py": "from app.prices import total\n\n\ndef test_shipping_is_added():\n    assert total(4) == 7\n",
}
SUITES: Mapping[str, str] = {
    "tests/requirements.txt": "pytest  # the suites' runner\n",
    "tests/service.py": "URL = 'http://127.0.0.1:8000'\n",
    "tests/conftest.py": "import pytest\n\nfrom tests.service import URL\n\n\n@pytest.fixture\ndef client():\n    return URL\n",
    "tests/contract/test_orders.py": "def test_an_order_is_placed(client):\n    raise SystemExit('called')\n",
}
"""Its test must not be called, only collected."""


class ProveOne(Protocol):
    """Proves one thing of a pack of these files."""

    def __call__(self, name: str, files: Mapping[str, str]) -> Proof: ...


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", autouse=True)
def own_registry(cache_home: Path) -> Iterator[None]:
    """No test here asks a registry beyond loopback, or keeps anything in the user's cache."""
    with registry() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", address)
        patch.setenv("XDG_CACHE_HOME", str(cache_home))
        yield


def write_pack(folder: Path, files: Mapping[str, str]) -> Path:
    """A project folder that holds these files."""
    for path, text in {"manifest.json": "{}", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def prove_one(tmp_path: Path) -> ProveOne:
    def prove_it(name: str, files: Mapping[str, str]) -> Proof:
        proven = prove(plan(read_pack(write_pack(tmp_path / "pack", files)), only=[name]))
        return proven.proofs[0]

    return prove_it
