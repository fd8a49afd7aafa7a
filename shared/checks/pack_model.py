"""The model of the pack that is checked: read once, shared by all checks that ask it. Pure."""

from functools import lru_cache

from shared.checks import Pack
from shared.pack import Delivery, PackDocuments, PythonProject
from shared.pack.model import PackModel


@lru_cache(maxsize=2)
def model_of(pack: Pack) -> PackModel:
    """The model of a pack; each part is read when a rule first asks for it."""
    return PackModel({document.name: document.text for document in pack.documents}, pack.stack, pack.db)


def documents_of(pack: Pack) -> PackDocuments:
    """The pack's documents taken apart."""
    return model_of(pack).documents


def delivery_of(pack: Pack) -> Delivery:
    """How the pack is built and released."""
    return model_of(pack).delivery


def python_of(pack: Pack) -> PythonProject:
    """The Python files of the pack as one project."""
    return model_of(pack).python
