"""In what the schema of a database differs from what it should be, and the part of it that can be mended without a backup: indexes.

Knows nothing of revisions: the caller has made sure that the schema is of the newest one.
"""

from typing import Any, NamedTuple

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Index
from sqlalchemy.schema import CreateIndex, DropIndex

from headrace.store.catalogues import Part, find_catalogue
from headrace.store.schema import explain_missing_index
from headrace.store.stages import JOURNAL, find_progress, run_alone
from headrace.store.tables import METADATA

Problem = tuple[str, str]
"""The name of a table or an index, and what is wrong with it."""

_LOST = "Restore a backup."
_EXTRA = "headrace did not make it: remove it, or ask who did."


class Repair(NamedTuple):
    """An index that is made again.

    Args:
        done: what to say when it has been.
        statements: what makes it, one after the other.
    """

    done: str
    statements: tuple[str, ...]


def find_drift(connection: Connection, shown: str) -> list[Problem]:
    """Return the differences, each with its remedy.

    Args:
        connection: where to look; nothing is changed.
        shown: the database's URL as messages name it.
    """
    catalogue = find_catalogue(connection)
    context = MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _: kind != "table" or (str(name).startswith("hr_") and name != JOURNAL),
            "version_table": "no_table_of_alembic",  # hr_version is compared like any other
            "compare_type": connection.dialect.name == "sqlite",  # elsewhere the catalogue knows collations as well
        },
    )  # fmt: skip
    problems: dict[str, Problem] = {}
    for step in compare_metadata(context, METADATA):
        for each in step if isinstance(step, list) else [step]:
            if not each[0].endswith("_comment"):
                name, text = _explain(each, shown)
                problems[text] = (name, text)
    told = {name for name, _ in problems.values()}
    for part in catalogue.compare(METADATA):
        if part.name not in told or part.what != part.name:
            text = f"{part.what} is laid out as {part.found} and not as {part.wanted}. {_remedy(part, shown)}"
            problems[text] = (part.name, text)
    if JOURNAL in set(connection.dialect.get_table_names(connection)):
        stages = ", ".join(
            f"{stage} (statement {done})" for stage, (_, done) in find_progress(connection).items()
        )
        text = f"An upgrade was broken off: {stages or 'at its end'}. Run: headrace db upgrade {shown}"
        problems[text] = (JOURNAL, text)
    return sorted(problems.values())


def find_repairs(connection: Connection) -> list[Repair]:
    """Return what it takes to make indexes again that are missing, or are not as they should be."""
    repairs = []
    wanted = _indexes()
    catalogue = find_catalogue(connection)
    held, in_partitions = catalogue.list_indexes(), catalogue.list_partitioned()
    for name in dict.fromkeys(name for name, _ in find_drift(connection, "")):
        index = wanted.get(name)
        if index is None or index.table is None:
            continue
        create = str(CreateIndex(index).compile(dialect=connection.dialect))
        drop = str(DropIndex(index).compile(dialect=connection.dialect)).strip()
        # Servers go on writing meanwhile; PostgreSQL cannot do that for a table in partitions.
        if connection.dialect.name == "postgresql" and index.table.name not in in_partitions:
            create = create.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
            drop = drop.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
        repairs.append(
            Repair(
                f"made the index {name} of {index.table.name} {'anew' if name in held else 'again'}",
                (drop, create) if name in held else (create,),
            )
        )
    connection.commit()
    return repairs


def repair_indexes(connection: Connection) -> list[str]:
    """Make indexes that are missing, or are not as they should be, and return what was done."""
    done = []
    for repair in find_repairs(connection):
        for statement in repair.statements:
            run_alone(connection, statement)
        done.append(repair.done)
    return done


def _indexes() -> dict[str, Index]:
    return {str(index.name): index for table in METADATA.tables.values() for index in table.indexes}


def _remedy(part: Part, shown: str) -> str:
    if part.remedy is not None:
        return f"Run in the database: {part.remedy}"
    return f"Run: headrace db upgrade {shown}" if part.name in _indexes() else _LOST


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
    return name, explain_missing_index(name, table, shown)
