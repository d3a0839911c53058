"""Writes docs/reference/openapi.json from the table of endpoints; with ``--check`` it only tells whether the file is what it would write."""

import sys
from pathlib import Path

from headrace.server.openapi import encode_document

FILE = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"


def main(arguments: list[str]) -> int:
    """Write or check the file and return the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: openapi.py [--check]", file=sys.stderr)
        return 2
    document = encode_document()
    if not arguments:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_bytes(document)
        return 0
    if FILE.is_file() and FILE.read_bytes() == document:
        return 0
    print(
        f"{FILE.relative_to(FILE.parents[2])} is not what the table of endpoints says; write it again with: python tools/openapi.py",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
