"""The schema at start: made in an empty database, checked by one SELECT in a known one, refused in a stranger's.

Changing a schema is the business of `headrace.store.migrate`, which loads Alembic; a server's start does not.
"""

from sqlalchemy import URL, Connection, inspect, text

from headrace.base.errors import StoreError
from headrace.store.dialect import Dialect
from headrace.store.tables import METADATA, SCHEMA_REVISION

_MLFLOW_TABLES = {"alembic_version", "experiments", "runs"}


def find_revision(connection: Connection, url: URL) -> str | None:
    """Return the revision of the schema in a database, or None if it holds nothing of headrace.

    Raises:
        StoreError: the database is MLflow's, or what it holds of headrace is not whole; the message names the remedy.
    """
    shown = url.render_as_string()
    tables = set(inspect(connection).get_table_names())
    if "hr_version" in tables:
        rows = connection.execute(text("SELECT version_num FROM hr_version")).fetchall()
        if len(rows) != 1:
            raise StoreError(
                f"The table hr_version of {shown} holds {len(rows)} rows instead of one, so its revision is unknown. Restore a backup."
            )
        return str(rows[0][0])
    left = sorted(name for name in tables if name.startswith("hr_"))
    if left:
        raise StoreError(
            f"{shown} holds tables of headrace ({', '.join(left[:5])}{', …' if len(left) > 5 else ''}) but not hr_version, "  # noqa: PLR2004 - an excerpt
            "so its revision is unknown. Restore a backup, or name another store."
        )
    if tables >= _MLFLOW_TABLES:
        raise StoreError(
            f"{shown} is MLflow's own database. headrace keeps its data in tables of its own and leaves this file untouched: "
            "name another store, for example --backend-store-uri sqlite:///headrace.db. "
            "(Importing an MLflow database is not part of this version.)"
        )
    return None


def check_revision(found: str, url: URL, needed: str = SCHEMA_REVISION) -> None:
    """Check that a schema is of the revision that this version of headrace works with.

    Raises:
        StoreError: it is not; the message names the remedy.
    """
    shown = url.render_as_string()
    if found < needed:
        raise StoreError(
            f"The schema of {shown} is of revision {found}, this version of headrace needs {needed}. "
            f"Stop its servers, make a copy of the database, then run: headrace db upgrade {shown}"
        )
    if found > needed:
        raise StoreError(
            f"The schema of {shown} is of revision {found}, written by a newer headrace than this one ({needed}). "
            "Install that version again, or a newer one."
        )


def create_schema(connection: Connection, dialect: Dialect) -> None:
    """Make all tables, in one transaction: whoever opens the database sees the whole schema or none."""
    connection.exec_driver_sql(dialect.begin_write())
    try:
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(text("INSERT INTO hr_clock (id, value) VALUES (1, 0)"))
        connection.execute(
            text("INSERT INTO hr_version (version_num) VALUES (:rev)"), {"rev": SCHEMA_REVISION}
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
