"""Blob Storage and Key Vault: one adapter for each SDK, and the limit of active runs, which is kept in blobs.

The SDKs are imported when a client is opened. May use contracts, errors and pure rooms.
"""

from shared.storage import last_packs, live_runs, past_runs, run_index, view_links
from shared.storage.blobs import (
    DESIGNS,
    LONGEST_NAME,
    PRDS,
    WORK,
    BlobChanged,
    BlobInfo,
    BlobStore,
    content_type,
    is_addressable,
)
from shared.storage.run_slots import RunQueue, leave_slot, read_queue, take_slot
from shared.storage.vault import SIGN_IN, Vault

__all__ = [
    "DESIGNS",
    "LONGEST_NAME",
    "PRDS",
    "SIGN_IN",
    "WORK",
    "BlobChanged",
    "BlobInfo",
    "BlobStore",
    "RunQueue",
    "Vault",
    "content_type",
    "is_addressable",
    "last_packs",
    "leave_slot",
    "live_runs",
    "past_runs",
    "read_queue",
    "run_index",
    "take_slot",
    "view_links",
]
