"""Changing a schema, and finding out what is wrong with one. Loads Alembic, so that a server's start does not import this.

Revisions are compiled to statements first: what `plan` shows is what `upgrade` runs. The module knows no table by name but the version's; what has
to be there is said by `headrace.store.tables`.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from headrace.base.errors import StoreError
from headrace.store.address import Address, parse_address
from headrace.store.catalogues import find_catalogue
from headrace.store.dialect import Dialect, Purpose, find_dialect
from headrace.store.drift import find_drift, find_repairs, repair_indexes
from headrace.store.effects import Effect, describe_rates, judge
from headrace.store.filelock import FileLock
from headrace.store.revision import OLDEST_REVISION, SCHEMA_REVISION
from headrace.store.schema import (
    HAS_OLDEST,
    Revision,
    check_revision,
    find_or_create,
    find_revision,
    list_statements,
)
from headrace.store.server_address import to_url
from headrace.store.stages import Stage, run_stages

SCRIPTS = Path(__file__).parent / "migrations"
CONNECT_TIMEOUT_S = 10


class PlannedStage(NamedTuple):
    """A part of an upgrade, and what it does to servers that go on.

    Args:
        name: the revision that it leads to, or what else it is for.
        summary: what the revision is about.
        servers_stop: whether all servers have to be stopped for it.
        is_whole: whether it is one transaction, which holds its locks to the end; otherwise a run that is broken off is gone on with.
        effects: of its statements, in order.
    """

    name: str
    summary: str
    servers_stop: bool
    is_whole: bool
    effects: list[Effect]


class Plan(NamedTuple):
    """What `upgrade` would do.

    Args:
        url: the database, without its password.
        found: the schema's revision, None where there is no schema.
        newest: where it would be brought.
        copy: what to say of copies of the database; empty if nothing is to be done.
        rates: what times are reckoned with, in rows a second.
        stages: in order; empty if nothing is to be done.
    """

    url: str
    found: str | None
    newest: str
    copy: str
    rates: str
    stages: list[PlannedStage]


def upgrade(url: str, scripts: Path = SCRIPTS) -> list[str]:
    """Bring the schema of a database to the newest revision and make indexes again that are lost.

    An empty database gets the whole schema; of a file with an older schema a copy is made first. What is in order is left alone.

    Args:
        url: where the database is.
        scripts: the folder of Alembic's revisions.

    Returns:
        What was done, one line each; empty if nothing was to do. What a person has to look at is found by `check`.

    Raises:
        InvalidParameter: the URL is wrong.
        HeadraceError: the database is MLflow's, of a newer headrace, or cannot be read or written; the message says how far it came.
    """
    place = parse_address(url)
    dialect = find_dialect(place.backend)
    newest = _find_newest(scripts)
    found = _find_revision(place, dialect)
    if found is not None and found.number > newest:
        check_revision(found, place, newest)
        return []
    with _locked(dialect, place):
        if not dialect.exists(place):
            dialect.make_private(place)
        with _connect(place, dialect, writer=True) as connection, find_catalogue(connection).locked():
            done = _make_or_change(connection, place, dialect, scripts)
            if newest == SCHEMA_REVISION:
                done += repair_indexes(connection)
    return done


def _make_or_change(connection: Connection, place: Address, dialect: Dialect, scripts: Path) -> list[str]:
    newest, done = _find_newest(scripts), []
    found = find_or_create(connection, dialect, place)  # another process may have been faster
    if found is None:
        done.append(f"made the schema, at revision {SCHEMA_REVISION}")
        found = Revision(SCHEMA_REVISION, OLDEST_REVISION)
    stages = compile_stages(connection.dialect, found.number, scripts)
    if stages:
        if not done:
            done.append(_back_up(connection, place, dialect, found.number))
        run_stages(connection, dialect.begin_write, stages)
        done.append(f"brought the schema from revision {found.number} to {newest}")
    return done


def plan(url: str, scripts: Path = SCRIPTS) -> Plan:
    """Find out what `upgrade` would do, with what locks and for about how long. Nothing is changed.

    Raises:
        InvalidParameter: the URL is wrong.
        HeadraceError: the database is MLflow's, of a newer headrace, or cannot be read.
    """
    place = parse_address(url)
    dialect = find_dialect(place.backend)
    newest, shown = _find_newest(scripts), place.shown
    found = _find_revision(place, dialect)
    if found is not None and found.number >= newest:
        check_revision(found, place, newest)
        if found.number > newest:
            return Plan(shown, found.number, newest, "", "", [])
    if found is None and not dialect.exists(place):
        return Plan(shown, None, newest, "", "", [PlannedStage(newest, "The first schema.", False, True, [])])
    with _connect(place, dialect, writer=False) as connection:
        copy = _advise_copy(place, find_catalogue(connection).dump) if found and found.number < newest else ""
        stages = _judge_stages(connection, found, scripts)
        if found is not None and found.number == newest == SCHEMA_REVISION:
            repairs = [statement for repair in find_repairs(connection) for statement in repair.statements]
            if repairs:
                summary = "Indexes that are missing, or made otherwise."
                stages.append(
                    _judge(connection, Stage("indexes", tuple(repairs)), summary, servers_stop=False)
                )
        return Plan(
            shown, found.number if found else None, newest, copy, describe_rates(connection.dialect), stages
        )


def _judge_stages(connection: Connection, found: Revision | None, scripts: Path) -> list[PlannedStage]:
    stages = []
    if found is None:
        stage = Stage(SCHEMA_REVISION, tuple(list_statements(connection)))
        stages.append(_judge(connection, stage, "The first schema.", servers_stop=False))
    number = found.number if found else SCHEMA_REVISION
    for script, stage in _compile(connection.dialect, number, scripts):
        stops = found is not None and _oldest(script) > number
        stages.append(_judge(connection, stage, script.doc, servers_stop=stops))
    return stages


def _judge(connection: Connection, stage: Stage, summary: str, *, servers_stop: bool) -> PlannedStage:
    catalogue = find_catalogue(connection)
    sizes = catalogue.measure()
    whole = not any(catalogue.runs_alone(statement) for statement in stage.statements)
    effects = [judge(connection.dialect, statement, sizes) for statement in stage.statements]
    return PlannedStage(stage.name, summary, servers_stop, whole, effects)


def check(url: str) -> list[str]:
    """Find out what is wrong with the schema of a database; servers may go on using it meanwhile.

    Returns:
        The problems, each with its remedy; empty if the schema is as it should be.

    Raises:
        InvalidParameter: the URL is wrong.
        HeadraceError: the database cannot be read.
    """
    place = parse_address(url)
    dialect = find_dialect(place.backend)
    shown = place.shown
    try:
        found = _find_revision(place, dialect)
        if found is None:
            return [
                f"{shown} holds no schema of headrace. Start a server with it, or run: headrace db upgrade {shown}"
            ]
        check_revision(found, place)
    except StoreError as error:
        return [error.message]
    if found.number > SCHEMA_REVISION:
        own = f"this version of headrace ({SCHEMA_REVISION})"
        return [
            f"The schema of {shown} is of revision {found.number}: {own} may use it, but cannot check it. Use the version that made it."
        ]
    with _connect(place, dialect, writer=False) as connection:
        connection.exec_driver_sql(dialect.begin_read)
        return [text for _, text in find_drift(connection, shown)]


def hide_password(url: str) -> str:
    """Return the URL of a database as it may be shown.

    Raises:
        InvalidParameter: the URL is wrong.
    """
    return parse_address(url).shown


def compile_stages(
    dialect: SqlDialect, found: str | None, scripts: Path = SCRIPTS, newest: str = "head"
) -> list[Stage]:
    """Return what leads from one revision to another.

    Args:
        dialect: SQLAlchemy's, as it has found the database.
        found: the revision that is there, None for an empty database.
        scripts: the folder of Alembic's revisions.
        newest: the last revision to run.

    Raises:
        StoreError: nobody knows the revision that is there.
    """
    return [stage for _, stage in _compile(dialect, found, scripts, newest)]


def _compile(
    dialect: SqlDialect, found: str | None, scripts: Path, newest: str = "head"
) -> list[tuple[Script, Stage]]:
    directory = ScriptDirectory.from_config(_config(scripts))
    try:
        revisions = list(directory.iterate_revisions(newest, found or "base"))
    except RevisionError as error:
        raise StoreError(
            f"The schema cannot be brought to revision {directory.get_current_head()}: {error}."
        ) from error
    return [(script, _compile_revision(dialect, script)) for script in reversed(revisions)]


class _Output(io.StringIO):
    """Takes each statement that Alembic writes."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []

    def write(self, text: str) -> int:
        """Take one; Alembic ends it with a semicolon."""
        self.statements.append(text.strip().removesuffix(";").strip())
        return len(text)


def _compile_revision(dialect: SqlDialect, script: Script) -> Stage:
    number, output = script.revision, _Output()
    oldest = _oldest(script)
    if number > HAS_OLDEST and oldest == number:
        # Servers that start meanwhile are told, also where a revision is no transaction.
        output.write(f"UPDATE hr_version SET oldest = '{number}'")
    context = MigrationContext.configure(
        dialect=dialect, opts={"as_sql": True, "literal_binds": True, "output_buffer": output}
    )
    with Operations.context(context):
        script.module.upgrade()
    if script.down_revision is None:
        output.write(f"INSERT INTO hr_version (version_num) VALUES ('{number}')")
    elif number < HAS_OLDEST:
        output.write(f"UPDATE hr_version SET version_num = '{number}'")
    else:
        output.write(f"UPDATE hr_version SET version_num = '{number}', oldest = '{oldest}'")
    return Stage(number, tuple(output.statements))


def _oldest(script: Script) -> str:
    """Return the oldest revision whose servers may go on after a revision: its own, unless it says otherwise."""
    return str(getattr(script.module, "oldest", script.revision))


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _find_newest(scripts: Path) -> str:
    newest = ScriptDirectory.from_config(_config(scripts)).get_current_head()
    assert newest is not None
    return newest


@contextmanager
def _locked(dialect: Dialect, address: Address) -> Iterator[None]:
    path = dialect.lock_path(address)
    if path is None:
        yield
        return
    lock = FileLock(path)
    try:
        with lock.held():
            yield
    finally:
        lock.close()


def _create_engine(address: Address, dialect: Dialect, *, writer: bool) -> Engine:
    """Return an engine without what a server sets for its calls: statements on whole tables take longer than any of them."""
    if dialect.lock_path(address) is not None:
        connect = dialect.find_way(address, Purpose.WRITE if writer else Purpose.READ)
        return create_engine("sqlite://", creator=connect, poolclass=NullPool)
    return create_engine(
        to_url(address),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )


@contextmanager
def _connect(address: Address, dialect: Dialect, *, writer: bool) -> Iterator[Connection]:
    engine = _create_engine(address, dialect, writer=writer)
    goes_on = False
    try:
        with engine.connect() as connection:
            goes_on = writer and not find_catalogue(connection).transactional
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.rollback()
    except DBAPIError as error:
        original = error.orig if isinstance(error.orig, Exception) else error
        left = (
            "What had been done before stays done: run the command again, it goes on where it was."
            if goes_on
            else "Nothing was changed."
        )
        raise dialect.translate(original) or StoreError(
            f"The database {address.shown} refused a statement: {original}. {left}"
        ) from error
    finally:
        engine.dispose()


def _find_revision(address: Address, dialect: Dialect) -> Revision | None:
    """Return the revision of a schema, None if there is none yet; nothing is changed by looking."""
    if not dialect.exists(address):
        return None
    with _connect(address, dialect, writer=False) as connection:
        return find_revision(connection, address)


def _advise_copy(address: Address, dump: str) -> str:
    if not dump and address.path is not None:
        size = address.path.stat().st_size
        return f"A copy of the database is made beside it first ({size / 1e6:.1f} MB)."
    return f"headrace makes no copy of this database: make one first, with {dump}."


def _back_up(writing: Connection, address: Address, dialect: Dialect, revision: str) -> str:
    dump = find_catalogue(writing).dump
    if dump:
        return f"made no copy of the database, which was at revision {revision}: that is for {dump}"
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = Path(f"{address.path}.{revision}.{now}.backup")
    with _connect(address, dialect, writer=False) as connection:
        try:
            dialect.back_up(connection.connection.driver_connection, copy)
        except Exception as error:
            shown = dialect.translate(error)
            if shown is None:
                raise
            raise shown from error
    return f"copied the database, at revision {revision}, to {copy}; remove the copy when all is well"
