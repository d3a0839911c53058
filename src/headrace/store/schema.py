"""The schema at start: made in an empty database, checked by one SELECT in a known one, refused in a stranger's.

Changing a schema is the business of `headrace.store.migrate`, which loads Alembic; a server's start does not.
"""

from sqlalchemy import URL, Connection, inspect, text

from headrace.base.errors import StoreError
from headrace.store.tables import METADATA, SCHEMA_REVISION

_MLFLOW_TABLES = {"alembic_version", "experiments", "runs"}


def check_schema(connection: Connection, url: URL) -> None:
    """Make the schema if the database is empty, else check its revision. The caller holds the database's lock.

    Raises:
        StoreError: the schema is another program's, or of another version; the message names the remedy.
    """
    shown = url.render_as_string()
    tables = set(inspect(connection).get_table_names())
    if "hr_version" in tables:
        _check_revision(connection, shown)
    elif tables >= _MLFLOW_TABLES:
        raise StoreError(
            f"{shown} is MLflow's own database. headrace keeps its data in tables of its own and leaves this file untouched: "
            "name another store, for example --backend-store-uri sqlite:///headrace.db. "
            "(Importing an MLflow database is not part of this version.)"
        )
    else:
        create_schema(connection)


def create_schema(connection: Connection) -> None:
    """Make all tables, in one transaction: whoever opens the database sees the whole schema or none."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
    try:
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(text("INSERT INTO hr_clock (id, value) VALUES (1, 0)"))
        connection.execute(
            text("INSERT INTO hr_version (version_num) VALUES (:rev)"), {"rev": SCHEMA_REVISION}
        )
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise


def _check_revision(connection: Connection, shown: str) -> None:
    row = connection.execute(text("SELECT version_num FROM hr_version")).first()
    found = row[0] if row else "none"
    if found == SCHEMA_REVISION:
        return
    if found < SCHEMA_REVISION:
        raise StoreError(
            f"The schema of {shown} is of revision {found}, this version of headrace needs {SCHEMA_REVISION}. "
            f"Make a copy of the database, then run: headrace db upgrade {shown}"
        )
    raise StoreError(
        f"The schema of {shown} is of revision {found}, written by a newer headrace than this one ({SCHEMA_REVISION}). "
        "Install that version again, or a newer one."
    )
