"""Examples that the help of each command and docs/cli.md show. Each is a command that parses. Imports nothing."""

_LISTED = {
    "run": (
        "design-backend run docs/prd.md",
        "design-backend run --prd spec.docx --stack csharp --db sqlserver --output designs",
        "design-backend run docs/prd.md --url https://my-design.azurewebsites.net --key KEY",
    ),
    "plan": ("design-backend plan docs/prd.md", "design-backend plan spec.pdf --economy --json"),
    "serve": ("design-backend serve --port 7071",),
    "status": (
        "design-backend status orders-0123456789abcdef",
        "design-backend status orders-0123456789abcdef --watch",
    ),
    "open": ("design-backend open orders-0123456789abcdef", "design-backend open orders-0123456789abcdef --no-browser"),
    "list": ("design-backend list", "design-backend list --json"),
    "cancel": ("design-backend cancel orders-0123456789abcdef",),
    "check": ("design-backend check .claude/outputs/design/projects/orders/20260301-102030 --sarif",),
    "prove": ("design-backend prove .claude/outputs/design/projects/orders/20260301-102030 --yes",),
    "doctor": (
        "design-backend doctor",
        "design-backend doctor --url https://my-design.azurewebsites.net --key KEY",
    ),
}
EXAMPLES = {name: "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines) for name, lines in _LISTED.items()}
"""By command, as its help shows them: line by line, whatever the width."""


def examples_of(name: str) -> tuple[str, ...]:
    """The examples of a command; none for commands of pipelines."""
    return _LISTED.get(name, ())
