"""Pipelines that wait for a run: what they send, where it is kept, and the adapter that tells them how it ended.

May use storage and everything below; services, activities and triggers import it, and settings the names of servers.
"""

from shared.callbacks.azure_devops import AzureDevOps
from shared.callbacks.protocol import callback_id, mark, news, read_servers, read_task, verdict
from shared.callbacks.store import CallbackStore

__all__ = [
    "AzureDevOps",
    "CallbackStore",
    "callback_id",
    "mark",
    "news",
    "read_servers",
    "read_task",
    "verdict",
]
