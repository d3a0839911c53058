"""In what the schema of a database differs from what it should be, and the part of it that can be mended without a backup: indexes.

Knows nothing of revisions: the caller has made sure that the schema is of the newest one.
"""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Index, inspect
from sqlalchemy.schema import CreateIndex, DropIndex

from headrace.store.dialect import Dialect
from headrace.store.tables import METADATA

Problem = tuple[str, str]
"""The name of a table or an index, and what is wrong with it."""

_LOST = "Restore a backup."
_EXTRA = "headrace did not make it: remove it, or ask who did."


def find_drift(connection: Connection, dialect: Dialect, shown: str) -> list[Problem]:
    """Return the differences, each with its remedy.

    Args:
        connection: where to look; nothing is changed.
        dialect: the database.
        shown: the database's URL as messages name it.
    """
    context = MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _: kind != "table" or str(name).startswith("hr_"),
            "version_table": "no_table_of_alembic",  # hr_version is compared like any other
        },
    )
    problems: dict[str, Problem] = {}
    for step in compare_metadata(context, METADATA):
        for each in step if isinstance(step, list) else [step]:
            name, text = _explain(each, shown)
            problems[text] = (name, text)
    told = {name for name, _ in problems.values()}
    for name, found, wanted in dialect.compare_layout(connection, METADATA):
        if name not in told:
            text = f"{name} is laid out as {found} and not as {wanted}. {_remedy(name, shown)}"
            problems[text] = (name, text)
    return sorted(problems.values())


def repair_indexes(connection: Connection, dialect: Dialect) -> list[str]:
    """Make indexes that are missing, or are not as they should be, and return what was done."""
    done = []
    wanted = _indexes()
    for name in dict.fromkeys(name for name, _ in find_drift(connection, dialect, "")):
        index = wanted.get(name)
        if index is None or index.table is None:
            continue
        held = name in {each["name"] for each in inspect(connection).get_indexes(index.table.name)}
        if held:
            connection.execute(DropIndex(index))
        connection.execute(CreateIndex(index))
        done.append(f"made the index {name} of {index.table.name} {'anew' if held else 'again'}")
    return done


def _indexes() -> dict[str, Index]:
    return {str(index.name): index for table in METADATA.tables.values() for index in table.indexes}


def _remedy(name: str, shown: str) -> str:
    return f"Run: headrace db upgrade {shown}" if name in _indexes() else _LOST


def _explain(step: tuple[Any, ...], shown: str) -> Problem:
    """Return what a step of Alembic's says: what would have to be done to make the schema right."""
    kind, thing = step[0], step[1]
    if kind in {"add_index", "remove_index"}:
        return _explain_index(kind, thing, shown)
    if kind.startswith("modify_"):
        # Alembic puts schema, table, column, more, found and wanted behind the kind.
        what = f"{kind.removeprefix('modify_')} of the column {step[2]}.{step[3]}"
        return step[2], f"The {what} is {step[5]} and not {step[6]}. {_LOST}"
    if kind.endswith("_table"):
        name, what = thing.name, f"table {thing.name}"
    elif kind.endswith("_column"):
        name, what = step[2], f"column {step[2]}.{step[3].name}"
    else:
        name, what = thing.table.name, f"constraint {thing.name} of {thing.table.name}"
    missing = kind.startswith("add_")
    return (
        name,
        f"The {what} is missing. {_LOST}" if missing else f"The {what} is none of this schema's. {_EXTRA}",
    )


def _explain_index(kind: str, index: Index, shown: str) -> Problem:
    name, table = str(index.name), index.table.name if index.table is not None else "?"
    if kind == "remove_index" and name not in _indexes():
        return name, f"The index {name} of {table} is none of this schema's; it slows writing. {_EXTRA}"
    return (
        name,
        f"The index {name} of {table} is missing, or made otherwise; what it serves is slow. {_remedy(name, shown)}",
    )
