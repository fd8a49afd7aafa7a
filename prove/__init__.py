"""Runs what a pack contains and says what was proved, refuted or not provable here. Only the command line imports it.

The one place of the project where what a model wrote is run, and only because somebody asked for it by
`design-backend prove`. It may use the pure rooms that read packs (`shared.pack`, `shared.formats`) and nothing of the
app, its settings, keys or adapters; the app, the local host and the checks may not import it. docs/prove.md says what
each proof shows and what keeps the pack's code in.
"""

from prove.errors import CannotProve, NothingToProve
from prove.packs import Pack, read_pack
from prove.proving import KINDS, NAMES, Kind, Plan, plan, prove
from prove.report import as_markdown, write_report
from prove.verdicts import Containment, Evidence, Proof, Proven

__all__ = [
    "KINDS",
    "NAMES",
    "CannotProve",
    "Containment",
    "Evidence",
    "Kind",
    "NothingToProve",
    "Pack",
    "Plan",
    "Proof",
    "Proven",
    "as_markdown",
    "plan",
    "prove",
    "read_pack",
    "write_report",
]
