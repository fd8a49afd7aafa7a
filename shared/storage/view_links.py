"""Links into a run's files that a browser follows by itself, as it sends no function key: who made one may hand it on.

A link holds a random word. What it opens is the blob `views/{hash of the word}` of the work container, so that nobody
who reads storage can use it, and it ends by storage's own clock. Touches blobs only.
"""

import hashlib
import secrets
from datetime import timedelta

from shared.errors import NotFound
from shared.storage.blobs import WORK, BlobStore

FOLDER = "views/"
LIFETIME = timedelta(hours=1)
LONGEST = 100
"""Characters that a word may have before anybody looks for it."""


async def create(blobs: BlobStore, run_id: str) -> str:
    """A new word, which opens the files of one run for `LIFETIME`."""
    word = secrets.token_urlsafe(32)
    await blobs.create(WORK, _name(word), run_id.encode(), "text/plain")
    return word


async def run_of(blobs: BlobStore, word: str) -> str:
    """The id of the run that a word opens; `NotFound` where it opens none, or no longer."""
    try:
        data, info = await blobs.read(WORK, _name(word[:LONGEST]))
    except NotFound:
        raise _ended() from None
    if info.age > LIFETIME:
        raise _ended()
    return data.decode()


async def forget(blobs: BlobStore) -> int:
    """Delete what has ended; how many links that were."""
    ended = [info.name async for info in blobs.list(WORK, FOLDER) if info.age > LIFETIME]
    for name in ended:
        await blobs.delete(WORK, name)
    return len(ended)


def _name(word: str) -> str:
    return FOLDER + hashlib.sha256(word.encode(errors="surrogatepass")).hexdigest()


def _ended() -> NotFound:
    return NotFound("no-view", "This link does not open anything, or no longer.", "Open it anew from the run's page.")
