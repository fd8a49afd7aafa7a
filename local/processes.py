"""How the host starts its child processes. Pure."""

import subprocess
import sys
from typing import Any

APART: dict[str, Any] = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {"start_new_session": True}
)
"""Keyword arguments that keep a terminal's Ctrl-C from a child: the host ends its children itself, in order."""
