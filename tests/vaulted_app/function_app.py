"""The product as it is, but for its vault: one on loopback, which the SDK must be told to trust.

The certificate's path is in VAULT_CERTIFICATES; the vault's address is the product's own setting.
"""

import os
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.append(str(PROJECT))

from shared import services  # noqa: E402
from shared.settings.environment import Settings  # noqa: E402
from shared.storage.vault import Vault  # noqa: E402
from tests.key_vault import Credential  # noqa: E402


@cache
def _current() -> services.Services:
    settings = Settings.read()
    trusted = {"connection_verify": os.environ["VAULT_CERTIFICATES"], "verify_challenge_resource": False}
    return services.Services(settings, vault=Vault(settings.key_vault_url or "", Credential(), **trusted))


services.current = _current
_spec = spec_from_file_location("product", PROJECT / "function_app.py")
assert _spec
assert _spec.loader
_product = module_from_spec(_spec)
_spec.loader.exec_module(_product)
app = _product.app
