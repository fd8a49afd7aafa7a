"""A product team's repository, as an agent has checked it out."""

import subprocess
from pathlib import Path

from tests.pipelines.agent import PROJECT


class Checkout:
    """`Pipeline.Workspace` at `workspace`: this repository and a new one of a product, side by side."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.product = workspace / "s/product"
        self.product.mkdir(parents=True)
        (workspace / "s/design-backend").symlink_to(PROJECT, target_is_directory=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        """What Git says."""
        identity = ("-c", "user.name=Team", "-c", "user.email=team@example.com", "-c", "commit.gpgsign=false")
        command = ["git", *identity, "-C", str(self.product), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, files: dict[str, str | None]) -> str:
        """Write (or with None remove) files and commit; the commit's id."""
        for name, text in files.items():
            path = self.product / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text, encoding="utf-8", newline="\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def merge_target(self, commit: str) -> None:
        """What `main` of the server is."""
        self.git("update-ref", "refs/remotes/origin/main", commit)
