"""The schema at start: made in an empty database, checked by one SELECT in a known one, refused in a stranger's.

Changing a schema is the business of `headrace.store.migrate`, which loads Alembic; a server's start does not.
"""

from typing import NamedTuple

from headrace.base import plugins
from headrace.base.errors import StoreError
from headrace.store.address import Address
from headrace.store.catalogues import find_catalogue
from headrace.store.dialect import Dialect
from headrace.store.driver import SchemaConnection
from headrace.store.revision import OLDEST_REVISION, SCHEMA_REVISION
from headrace.store.stages import JOURNAL, Stage, run_stages
from headrace.store.tables_made import COLUMNS, INDEXES, STATEMENTS

_MLFLOW_TABLES = {"alembic_version", "experiments", "runs"}

HAS_OLDEST = "0003"
"""The first revision with a column for the oldest revision that may use the schema."""


class Revision(NamedTuple):
    """What a schema says of itself.

    Args:
        number: its revision.
        oldest: the oldest revision whose servers may use it.
    """

    number: str
    oldest: str


def find_revision(connection: SchemaConnection, address: Address) -> Revision | None:
    """Return the revision of the schema in a database, or None if it holds nothing of headrace, or what a first start had no time to finish.

    Raises:
        StoreError: the database is MLflow's, or what it holds of headrace is not whole; the message names the remedy.
    """
    shown = address.shown
    tables = find_catalogue(connection).list_tables()
    if "hr_version" in tables:
        # The first column is version_num, and a second, which older schemas lack, is oldest.
        rows = connection.exec_driver_sql("SELECT * FROM hr_version").fetchall()
        if len(rows) == 1:
            number, *others = map(str, rows[0])
            return Revision(number, others[0] if others else number)
        if rows or JOURNAL not in tables:
            raise StoreError(
                f"The table hr_version of {shown} holds {len(rows)} rows instead of one, so its revision is unknown. Restore a backup."
            )
    left = sorted(name for name in tables if name.startswith("hr_"))
    if left and JOURNAL not in tables:
        raise StoreError(
            f"{shown} holds tables of headrace ({', '.join(left[:5])}{', …' if len(left) > 5 else ''}) but not hr_version, "  # noqa: PLR2004 - an excerpt
            "so its revision is unknown. Restore a backup, or name another store."
        )
    if tables >= _MLFLOW_TABLES:
        raise StoreError(
            f"{shown} is MLflow's own database. headrace keeps its data in tables of its own and leaves this one untouched: "
            "name another store, for example --backend-store-uri sqlite:///headrace.db. "
            "(Importing an MLflow database is not part of this version.)"
        )
    return None


def check_revision(
    found: Revision, address: Address, needed: str = SCHEMA_REVISION, oldest: str = OLDEST_REVISION
) -> None:
    """Check that this version of headrace may use a schema: it is of its own revision, or of a newer one that only added to it.

    Args:
        found: what the schema says.
        address: the database, for messages.
        needed: the revision of this version.
        oldest: the oldest revision whose servers may go on using that one.

    Raises:
        StoreError: it may not; the message names the remedy.
    """
    shown = address.shown
    if found.number < needed:
        stop = (
            "Its servers may go on meanwhile. See what changes: headrace db upgrade --check"
            if found.number >= oldest
            else "Stop its servers, make a copy of the database"
        )
        raise StoreError(
            f"The schema of {shown} is of revision {found.number}, this version of headrace needs {needed}. "
            f"{stop}, then run: headrace db upgrade {shown}"
        )
    if found.oldest > needed:
        way = "written by" if found.number > needed else "and being changed by"
        raise StoreError(
            f"The schema of {shown} is of revision {found.number}, {way} a newer headrace than this one ({needed}), "
            f"and servers older than revision {found.oldest} cannot use it. Install that version again, or a newer one."
        )


def create_schema(connection: SchemaConnection, dialect: Dialect, address: Address) -> None:
    """Make all tables, unless another process was faster: whoever opens the database sees the whole schema or none.

    Args:
        connection: one that writes, in no transaction.
        dialect: the database.
        address: where it is, for messages.

    Raises:
        StoreError: the schema that another process has made cannot be used.
    """
    known = find_or_create(connection, dialect, address)
    if known is not None:
        check_revision(known, address)


def find_or_create(connection: SchemaConnection, dialect: Dialect, address: Address) -> Revision | None:
    """Return the revision of the schema that is there; if there is none, make today's and return None."""
    catalogue = find_catalogue(connection)
    with catalogue.locked():
        known = find_revision(connection, address)
        connection.commit()
        if known is None:
            run_stages(connection, dialect.begin_write, [_make_stage(connection)])
    return known


def _make_stage(connection: SchemaConnection) -> Stage:
    return Stage(
        f"the first schema, {SCHEMA_REVISION}",
        (
            *list_statements(connection),
            "INSERT INTO hr_clock (id, value) VALUES (1, 0)",
            f"INSERT INTO hr_version (version_num, oldest) VALUES ('{SCHEMA_REVISION}', '{OLDEST_REVISION}')",
        ),
    )


def list_statements(connection: SchemaConnection) -> list[str]:
    """Return the statements by which today's tables are made in the database of a connection."""
    if connection.dialect.name == "sqlite":
        return list(STATEMENTS)
    compile_tables = plugins.load_attribute("headrace.store.tables:compile_tables")
    compiled: list[str] = compile_tables(connection.dialect)
    return compiled


def name_missing(connection: SchemaConnection, address: Address) -> list[str]:
    """Return what a server should complain of at its start: tables, columns and indexes that are missing, and text that compares wrongly.

    Costs two queries of the catalogue. What is made otherwise in other ways is found by `headrace db check`.

    Args:
        connection: where to look; nothing is changed.
        address: the database, for messages.
    """
    catalogue, shown = find_catalogue(connection), address.shown
    columns, indexes = catalogue.list_columns(), catalogue.list_indexes()
    tables = {table for table, _ in columns}
    collation = catalogue.wanted_collation()
    problems = []
    for name, held in COLUMNS.items():
        if name not in tables:
            problems.append(f"The table {name} is missing. Restore a backup.")
            continue
        for column in held:
            found = columns.get((name, column))
            if found is None:
                problems.append(f"The column {name}.{column} is missing. Restore a backup.")
            elif found and found != collation:
                problems.append(
                    f"The column {name}.{column} compares text by {found} and not by {collation}, so that different texts may be taken for "
                    f"equal ones. See the remedy: headrace db check {shown}"
                )
        problems += [
            explain_missing_index(index, name, shown)
            for index in INDEXES.get(name, ())
            if not indexes.get(index, False)
        ]
    return problems


def explain_missing_index(index: str, table: str, shown: str) -> str:
    """Return what to say of an index that is not there, or not usable."""
    return (
        f"The index {index} of {table} is missing, or made otherwise; what it serves is slow. "
        f"Run: headrace db upgrade {shown}"
    )
