"""Writes docs/reference/openapi.json from the table of endpoints; with ``--check`` it only tells whether the file is what it would write."""

import sys

from generated import ROOT, write_or_check
from headrace.server.openapi import encode_document

FILE = ROOT / "docs" / "reference" / "openapi.json"

if __name__ == "__main__":
    sys.exit(write_or_check(sys.argv[1:], FILE, encode_document, "the table of endpoints"))
