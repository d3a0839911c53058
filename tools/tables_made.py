"""Writes src/headrace/store/tables_made.py from the tables: what a store has to know of them before its first call, without loading SQLAlchemy.

With ``--check`` it only tells whether the file is stale.
"""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import make_url

from generated import ROOT, write_or_check
from headrace.store.tables import METADATA, compile_tables

FILE = ROOT / "src" / "headrace" / "store" / "tables_made.py"
RUFF = Path(sys.executable).with_name("ruff")

_HEAD = '''\
"""What `headrace.store.tables` says, for who must not load SQLAlchemy to know it: names, and the statements for SQLite.

Written by tools/tables_made.py: change `headrace.store.tables`.
"""

'''


def build() -> bytes:
    """Return the text of the module."""
    tables = sorted(METADATA.tables.items())
    columns = {name: tuple(column.name for column in table.columns) for name, table in tables}
    indexes = {name: tuple(sorted(str(index.name) for index in table.indexes)) for name, table in tables}
    statements = tuple(compile_tables(make_url("sqlite://").get_dialect()()))
    text = _HEAD + "".join(
        (
            f"COLUMNS: dict[str, tuple[str, ...]] = {columns}\n",
            f"INDEXES: dict[str, tuple[str, ...]] = { {name: each for name, each in indexes.items() if each} }\n",
            f"STATEMENTS: tuple[str, ...] = {statements}\n",
        )
    )
    formatted = subprocess.run(
        [RUFF, "format", "--quiet", "--stdin-filename", FILE, "-"], input=text.encode(), capture_output=True, check=True, cwd=ROOT
    )  # fmt: skip
    return formatted.stdout


if __name__ == "__main__":
    sys.exit(write_or_check(sys.argv[1:], FILE, build, "src/headrace/store/tables"))
