"""The model of the pack that is checked: read once, shared by the checks that ask it. Pure."""

from functools import lru_cache

from shared.checks import Pack
from shared.pack import Delivery, PackDocuments, PythonProject


@lru_cache(maxsize=2)
def documents_of(pack: Pack) -> PackDocuments:
    """The pack's documents taken apart."""
    return PackDocuments({document.name: document.text for document in pack.documents})


@lru_cache(maxsize=2)
def delivery_of(pack: Pack) -> Delivery:
    """How the pack is built and released."""
    return Delivery(documents_of(pack))


@lru_cache(maxsize=2)
def python_of(pack: Pack) -> PythonProject:
    """The Python files of the pack as one project."""
    return PythonProject(documents_of(pack))
