"""The adapter of Claude: one call sent, streamed, counted and kept, and what may be called when.

The only importer of the anthropic SDK, which it loads at the first call. May use storage (where answers are kept) and
everything below; services and activities alone import it.
"""

from shared.claude.adapter import AnthropicApi, Claude, Foundry
from shared.claude.call_store import UNDER_WAY, CallStore, Claimed, StoredCall, call_key
from shared.claude.message_batches import Batch, MessageBatches
from shared.claude.rate_limit import HELD_BACK
from shared.claude.responses import ENDS, Answer, Part

__all__ = [
    "ENDS",
    "HELD_BACK",
    "UNDER_WAY",
    "Answer",
    "AnthropicApi",
    "Batch",
    "CallStore",
    "Claimed",
    "Claude",
    "Foundry",
    "MessageBatches",
    "Part",
    "StoredCall",
    "call_key",
]
