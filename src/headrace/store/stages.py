"""Running the statements that make or change a schema, so that a run that is broken off leaves what was there, or can be gone on with.

Where a database can take such statements back, they are one transaction. Where it cannot (MySQL; indexes that PostgreSQL makes while servers
go on), the table `hr_upgrade` says how far the run has come; it is there only meanwhile.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from headrace.base.errors import StoreError
from headrace.store.catalogues import Catalogue, find_catalogue
from headrace.store.driver import SchemaConnection

log = logging.getLogger("headrace.store")

JOURNAL = "hr_upgrade"
ATTEMPTS = 20
PAUSE_S = 2


class Stage(NamedTuple):
    """A part of a run that has a name of its own.

    Args:
        name: such as the revision that it leads to.
        statements: in the driver's SQL; the last writes down what has been reached.
    """

    name: str
    statements: tuple[str, ...]


def run_stages(connection: SchemaConnection, begin: str, stages: Sequence[Stage]) -> None:
    """Run all statements, those excepted that an earlier run has got done.

    Args:
        connection: in no transaction; others are kept from the schema by `Catalogue.locked`.
        begin: the statement that opens a writing transaction.
        stages: in order.

    Raises:
        StoreError: a table is in use for too long, or a run that was broken off was one of another version of headrace.
    """
    catalogue = find_catalogue(connection)
    alone = any(catalogue.runs_alone(statement) for stage in stages for statement in stage.statements)
    with catalogue.waiting_briefly():
        if alone:
            _run_in_steps(connection, catalogue, begin, stages)
        else:
            statements = [statement for stage in stages for statement in stage.statements]
            _insist(connection, catalogue, lambda: _transact(connection, begin, statements))


def run_alone(connection: SchemaConnection, statement: str) -> None:
    """Run a statement that needs no writing down, because it can simply be run again."""
    catalogue = find_catalogue(connection)
    with catalogue.waiting_briefly():
        _insist(connection, catalogue, lambda: _execute(connection, statement))


def find_progress(connection: SchemaConnection) -> dict[str, tuple[str, int]]:
    """Return digest and number of statements done of each stage of a run that was broken off; `hr_upgrade` is there."""
    rows = connection.exec_driver_sql(f"SELECT stage, digest, done FROM {JOURNAL}").fetchall()
    connection.commit()
    return {stage: (digest, done) for stage, digest, done in rows}


def _run_in_steps(
    connection: SchemaConnection, catalogue: Catalogue, begin: str, stages: Sequence[Stage]
) -> None:
    _execute(
        connection,
        f"CREATE TABLE IF NOT EXISTS {JOURNAL} (stage VARCHAR(32) NOT NULL, digest VARCHAR(64) NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (stage))",
    )
    progress = find_progress(connection)
    for stage in stages:
        digest = _digest(stage)
        known = progress.get(stage.name)
        if known is None:
            insert = f"INSERT INTO {JOURNAL} (stage, digest, done) VALUES ('{stage.name}', '{digest}', 0)"
            _transact(connection, begin, [insert])
        elif known[0] != digest:
            raise StoreError(
                f"The schema is half-way to {stage.name} (statement {known[1]}), by another version of headrace or its tools. Run the command of that "
                "version again, or restore a backup. (If it was the first start on an empty database: remove the tables named hr_*.)"
            )
        done = known[1] if known else 0
        for number, statement in enumerate(stage.statements[done:], start=done + 1):
            told = f"UPDATE {JOURNAL} SET done = {number} WHERE stage = '{stage.name}'"
            if not catalogue.runs_alone(statement):
                statements = [statement, told]
                _insist(connection, catalogue, lambda each=statements: _transact(connection, begin, each))  # type: ignore[misc]
                continue
            again = known is not None and number == done + 1
            _insist(
                connection,
                catalogue,
                lambda each=statement, again=again: _run_alone(connection, catalogue, each, again),  # type: ignore[misc]
            )
            _transact(connection, begin, [told])
    _execute(connection, f"DROP TABLE {JOURNAL}")


def _digest(stage: Stage) -> str:
    return hashlib.sha256("\n".join(stage.statements).encode()).hexdigest()


def _run_alone(connection: SchemaConnection, catalogue: Catalogue, statement: str, again: bool) -> None:
    """Run a statement outside of a transaction; it may have been carried out before, without being written down."""
    if again:
        for each in catalogue.before(statement):
            _execute(connection, each)
    try:
        _execute(connection, statement)
    except catalogue.errors as error:
        number = next(iter(_find_original(error).args), None)
        if not (again and number in catalogue.done_already):
            raise
        connection.rollback()


def _execute(connection: SchemaConnection, statement: str) -> None:
    connection.exec_driver_sql(statement)
    connection.commit()


def _transact(connection: SchemaConnection, begin: str, statements: Sequence[str]) -> None:
    connection.exec_driver_sql(begin)
    try:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _insist(connection: SchemaConnection, catalogue: Catalogue, work: Callable[[], None]) -> None:
    """Do a work again while others are in its way; in the pauses they come through."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work()
        except catalogue.errors as error:
            connection.rollback()
            original = _find_original(error)
            if not catalogue.is_blocked(original):
                raise
            if attempt == ATTEMPTS:
                raise StoreError(
                    f"A table has been in use for too long ({original}), so that the statement {str(getattr(error, 'statement', None))[:200]!r} was not run. Servers go on "
                    "with the schema as it is. End what holds the table (a long query, a dump), then run the command again."
                ) from error
            log.warning(
                "waiting for a table that is in use (%s of %s times): %s", attempt, ATTEMPTS, original
            )
            time.sleep(PAUSE_S)
        else:
            return


def _find_original(error: Exception) -> BaseException:
    """Return the driver's error that SQLAlchemy has wrapped."""
    original: BaseException | None = getattr(error, "orig", None)
    return error if original is None else original
