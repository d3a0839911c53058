"""Folders of revisions as a later headrace would have them, and a death at a chosen moment."""

import contextlib
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from headrace.store.dialects.file_pool import FileConnection
from headrace.store.migrate import SCRIPTS
from headrace.store.revision import SCHEMA_REVISION

ADD_COLUMN = """
    op.add_column("hr_run", sa.Column("colour", sa.String(20)))
    op.execute("UPDATE hr_run SET colour = 'blue'")
"""


def write_revision(
    folder: Path, body: str = ADD_COLUMN, *, oldest: str = "9999", number: str = "9999"
) -> Path:
    """Write a copy of today's revisions with one more into a folder that is not there yet, and return it."""
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = f'"""One more."""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{number}"\ndown_revision = "{SCHEMA_REVISION}"\noldest = "{oldest}"\n'
    text = f"{head}\n\ndef upgrade():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    (folder / "versions" / f"{number}_more.py").write_text(text, "utf-8")
    return folder


class Died(BaseException):
    """The process has come to its end, as far as the code under test can see."""


@contextlib.contextmanager
def dying_after_a_change_of_tables() -> Iterator[None]:
    """End whatever runs in the block as soon as it has changed one table or index, before it can write that down."""

    def end(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0] in {"CREATE", "ALTER", "DROP"} and "hr_upgrade" not in statement:
            raise Died

    execute = FileConnection.exec_driver_sql

    def execute_and_end(self: FileConnection, statement: str, parameters: Sequence[Any] = ()) -> Any:
        found = execute(self, statement, parameters)
        end(self, found, statement)
        return found

    event.listen(Engine, "after_cursor_execute", end)
    with pytest.MonkeyPatch.context() as patch:  # a first start on a file does without SQLAlchemy
        patch.setattr(FileConnection, "exec_driver_sql", execute_and_end)
        try:
            yield
        finally:
            event.remove(Engine, "after_cursor_execute", end)
