"""The command line. `main` is what ``headrace`` and ``python -m headrace`` run; each command is loaded when it is called."""

from headrace.cli.root import main

__all__ = ["main"]
