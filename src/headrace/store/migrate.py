"""Changing a schema, and finding out what is wrong with one. Loads Alembic, so that a server's start does not import this.

A change runs in one transaction under the store's lock: a crash leaves the schema that was there before. The module knows no table by name
but the version's; what has to be there is said by `headrace.store.tables`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from headrace.base.errors import StoreError
from headrace.store.dialect import Dialect, Purpose, find_dialect
from headrace.store.drift import find_drift, repair_indexes
from headrace.store.engine import parse_store_url
from headrace.store.filelock import FileLock
from headrace.store.schema import check_revision, find_revision
from headrace.store.tables import SCHEMA_REVISION
from headrace.store.tables.control import version as version_table

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str, scripts: Path = SCRIPTS) -> list[str]:
    """Bring the schema of a database to the newest revision and make indexes again that are lost.

    An empty database gets the whole schema; of one with an older schema a copy is made first. What is in order is left alone.

    Args:
        url: where the database is.
        scripts: the folder of Alembic's environment and revisions.

    Returns:
        What was done, one line each; empty if nothing was to do. What a person has to look at is found by `check`.

    Raises:
        InvalidParameter: the URL is wrong.
        HeadraceError: the database is MLflow's, of a newer headrace, or cannot be read or written; it is as it was before.
    """
    place = parse_store_url(url)
    dialect = find_dialect(place)
    newest = ScriptDirectory.from_config(_config(scripts)).get_current_head()
    assert newest is not None
    found = _find_revision(place, dialect)
    if found is not None and found > newest:
        check_revision(found, place, newest)
    with _locked(dialect, place):
        found = _find_revision(place, dialect)  # another process may have been faster
        done = []
        if found is not None and found < newest:
            done.append(_back_up(place, dialect, found))
        with _connect(place, dialect, writer=True) as connection:
            connection.exec_driver_sql(dialect.begin_write())
            done += _run_revisions(connection, found, newest, scripts)
            if newest == SCHEMA_REVISION:
                done += repair_indexes(connection, dialect)
            connection.commit()
    return done


def check(url: str) -> list[str]:
    """Find out what is wrong with the schema of a database; servers may go on using it meanwhile.

    Returns:
        The problems, each with its remedy; empty if the schema is as it should be.

    Raises:
        InvalidParameter: the URL is wrong.
        HeadraceError: the database cannot be read.
    """
    place = parse_store_url(url)
    dialect = find_dialect(place)
    shown = place.render_as_string()
    try:
        found = _find_revision(place, dialect)
        if found is None:
            return [
                f"{shown} holds no schema of headrace. Start a server with it, or run: headrace db upgrade {shown}"
            ]
        check_revision(found, place)
    except StoreError as error:
        return [error.message]
    with _connect(place, dialect, writer=False) as connection:
        connection.exec_driver_sql("BEGIN")
        return [text for _, text in find_drift(connection, dialect, shown)]


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


@contextmanager
def _locked(dialect: Dialect, url: URL) -> Iterator[None]:
    path = dialect.lock_path(url)
    if path is None:
        yield
        return
    lock = FileLock(path)
    try:
        with lock.held():
            yield
    finally:
        lock.close()


@contextmanager
def _connect(url: URL, dialect: Dialect, *, writer: bool) -> Iterator[Connection]:
    engine = dialect.create_engine(url, Purpose.WRITE if writer else Purpose.READ)
    try:
        with engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()
    except DBAPIError as error:
        original = error.orig if isinstance(error.orig, Exception) else error
        raise dialect.translate(original) or StoreError(
            f"The database {url.render_as_string()} refused a statement: {original}. Nothing was changed."
        ) from error
    finally:
        engine.dispose()


def _find_revision(url: URL, dialect: Dialect) -> str | None:
    """Return the revision of a schema, None if there is none yet; nothing is changed by looking."""
    if not dialect.exists(url):
        return None
    with _connect(url, dialect, writer=False) as connection:
        return find_revision(connection, url)


def _back_up(url: URL, dialect: Dialect, revision: str) -> str:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = Path(f"{url.database}.{revision}.{now}.backup")
    with _connect(url, dialect, writer=False) as connection:
        try:
            dialect.back_up(connection, copy)
        except Exception as error:
            shown = dialect.translate(error)
            if shown is None:
                raise
            raise shown from error
    return f"copied the database, at revision {revision}, to {copy}; remove the copy when all is well"


def _run_revisions(connection: Connection, found: str | None, newest: str, scripts: Path) -> list[str]:
    if found == newest:
        return []
    if found is None:
        version_table.create(connection)
    config = _config(scripts)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"The schema cannot be brought to revision {newest}: {error}.") from error
    if found is None:
        return [f"made the schema, at revision {newest}"]
    return [f"brought the schema from revision {found} to {newest}"]
