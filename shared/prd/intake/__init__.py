"""Word, PDF and HTML become Markdown, so that everything behind reads one format. Pure but for the child process.

`Converter` asks a child process, because documents are untrusted: it has a limit of time and memory, and no settings.
The parsers are imported in that child alone. May use errors and contracts.
"""

from shared.prd.intake.converter import Converter, Text
from shared.prd.intake.kinds import kind_of

__all__ = ["Converter", "Text", "kind_of"]
