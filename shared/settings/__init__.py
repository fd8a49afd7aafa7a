"""What the environment says, read once. `python -m shared.settings` prints the table of docs/settings.md.

The only reader of the environment. May use the pure rooms whose values it checks; services and triggers import it.
"""

from shared.settings.environment import Settings

__all__ = [
    "Settings",
]
