"""`python -m cli`: the command where it is not installed, as on a pipeline's agent."""

from cli.main import main

main()
