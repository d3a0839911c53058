"""What the generators of one file have in common: they write it, or with ``--check`` only tell whether it is what they would write."""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_or_check(arguments: list[str], file: Path, build: Callable[[], bytes], source: str) -> int:
    """Write or check a file and return the exit status.

    Args:
        arguments: of the command line: none, or ``--check``.
        file: what is generated.
        build: gives its content.
        source: what it is made from, for the message.
    """
    program = Path(sys.argv[0]).name
    if arguments not in ([], ["--check"]):
        print(f"usage: {program} [--check]", file=sys.stderr)
        return 2
    content = build()
    if not arguments:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return 0
    if file.is_file() and file.read_bytes() == content:
        return 0
    print(
        f"{file.relative_to(ROOT)} is not what {source} says; write it again with: python tools/{program}",
        file=sys.stderr,
    )
    return 1
