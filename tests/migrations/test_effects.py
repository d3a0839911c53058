"""What `headrace db upgrade --check` says of statements, held against the locks and files of real servers."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from databases import Databases, open_engine, query
from headrace.store.catalogues import find_catalogue
from headrace.store.effects import ALL, MOMENT, NOBODY, SAME_ROWS, WRITES, Work, in_words, judge
from headrace.store.engine import open_store
from headrace.store.migrate import compile_stages, plan, upgrade
from headrace.store.tables import compile_tables

LOCKS = [
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]
POSTGRESQL = [
    "ALTER TABLE hr_fork ADD COLUMN colour VARCHAR(20)",
    "ALTER TABLE hr_fork ADD COLUMN colour BIGINT DEFAULT 0 NOT NULL",
    "ALTER TABLE hr_fork ADD COLUMN colour VARCHAR(9) DEFAULT 'a (b)' NOT NULL",
    "ALTER TABLE hr_fork ADD COLUMN colour DOUBLE PRECISION DEFAULT random()",
    "ALTER TABLE hr_fork ADD COLUMN colour BIGSERIAL",
    "ALTER TABLE hr_fork ADD COLUMN colour BIGINT GENERATED ALWAYS AS (step + 1) STORED",
    "ALTER TABLE hr_fork DROP COLUMN step",
    "ALTER TABLE hr_fork ALTER COLUMN step TYPE INTEGER",
    "ALTER TABLE hr_fork ALTER COLUMN step DROP NOT NULL",
    "ALTER TABLE hr_fork ALTER COLUMN step SET NOT NULL",
    "ALTER TABLE hr_fork ALTER COLUMN step SET DEFAULT 7",
    "ALTER TABLE hr_fork SET (fillfactor = 70)",
    "ALTER TABLE hr_fork ADD CONSTRAINT one UNIQUE (parent)",
    "ALTER TABLE hr_fork ADD CONSTRAINT good CHECK (parent > 0)",
    "ALTER TABLE hr_fork DROP CONSTRAINT hr_fork_pk",
    "ALTER TABLE hr_fork RENAME COLUMN step TO steps",
    "ALTER TABLE hr_fork RENAME TO hr_forks",
    "CREATE INDEX by_step ON hr_fork (step)",
    "CREATE UNIQUE INDEX by_step ON hr_fork (parent)",
    "DROP INDEX hr_fork_by_parent",
    "COMMENT ON TABLE hr_fork IS 'it''s said'",
    "COMMENT ON COLUMN hr_fork.step IS 'said; twice'",
    "UPDATE hr_fork SET step = 1",
    "DELETE FROM hr_fork",
    "DELETE FROM hr_fork WHERE run = 1",
    "INSERT INTO hr_fork (run, parent, step) VALUES (9999, 99, 99)",
    "DROP TABLE hr_fork",
    "CREATE TABLE hr_new (id BIGINT NOT NULL, PRIMARY KEY (id))",
]


def _add_forks(url: str) -> None:
    open_store(url).close()
    values = ", ".join(f"({number}, {number}, 1)" for number in range(1, 1001))
    query(url, f"INSERT INTO hr_fork (run, parent, step) VALUES {values}")


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    """A store with a thousand forks."""
    url = make_database()
    _add_forks(url)
    return url


@pytest.fixture(scope="module")
def shared_url(
    databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Likewise, for tests that take back what they do."""
    with databases.lend(database, tmp_path_factory.mktemp("shared")) as url:
        _add_forks(url)
        yield url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def _is_free(url: str, statement: str) -> bool:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET lock_timeout = '100ms'")
            connection.exec_driver_sql(statement)
            connection.rollback()
    except DBAPIError:
        return False
    finally:
        engine.dispose()
    return True


@pytest.mark.databases("postgresql", reason="it tells its locks")
@pytest.mark.parametrize("statement", POSTGRESQL)
def test_locks_and_rewriting_are_those_of_postgresql(statement: str, shared_url: str) -> None:
    engine = open_engine(shared_url)
    with engine.connect() as connection:
        _compare_locks(statement, shared_url, connection)
    engine.dispose()


def _compare_locks(statement: str, url: str, connection: Connection) -> None:
    effect = judge(connection.dialect, statement, find_catalogue(connection).measure())
    where = connection.exec_driver_sql(
        "SELECT oid, relfilenode FROM pg_class WHERE relname = 'hr_fork'"
    ).one()
    assert effect.work is not Work.UNKNOWN
    connection.exec_driver_sql(statement)
    held = [
        row[0].removesuffix("Lock")
        for row in connection.exec_driver_sql(
            f"SELECT mode FROM pg_locks WHERE relation = {where.oid} AND pid = pg_backend_pid()"
        )
    ]
    strongest = max((LOCKS.index(_in_words(mode)) for mode in held if _in_words(mode) in LOCKS), default=None)
    if strongest is None:
        assert effect.lock == "none"
    else:
        assert effect.lock == LOCKS[strongest]
    after = connection.exec_driver_sql(f"SELECT relfilenode FROM pg_class WHERE oid = {where.oid}").scalar()
    if "DROP TABLE" not in statement:
        assert (after != where.relfilenode) == (effect.work is Work.REWRITE)
    readable = _is_free(url, "SELECT * FROM hr_fork LIMIT 1")
    writable = _is_free(url, "INSERT INTO hr_fork (run, parent, step) VALUES (5000, 5000, 1)")
    wanted = {
        NOBODY: (True, True),
        SAME_ROWS: (True, True),
        WRITES: (True, False),
        MOMENT: (False, False),
        ALL: (False, False),
    }
    assert (readable, writable) == wanted[effect.blocks]


def _in_words(mode: str) -> str:
    return "".join(f" {char}" if char.isupper() else char for char in mode).strip().upper()


@pytest.mark.databases("postgresql", reason="indexes that are made while servers write")
def test_an_index_made_while_servers_write_hinders_nobody(url: str, connection: Connection) -> None:
    sizes = find_catalogue(connection).measure()
    connection.rollback()
    for statement in (
        "CREATE INDEX CONCURRENTLY by_step ON hr_fork (step)",
        "DROP INDEX CONCURRENTLY by_step",
    ):
        assert judge(connection.dialect, statement, sizes).blocks == NOBODY
        engine = open_engine(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            other.exec_driver_sql(statement)
        engine.dispose()


MARIADB = [
    ("ALTER TABLE hr_fork ADD COLUMN colour VARCHAR(20)", ", ALGORITHM=INSTANT", True),
    ("ALTER TABLE hr_fork ADD COLUMN colour BIGINT NOT NULL DEFAULT 0", ", ALGORITHM=INSTANT", True),
    ("ALTER TABLE hr_fork MODIFY step INTEGER NOT NULL", ", ALGORITHM=INPLACE", False),
    ("ALTER TABLE hr_fork MODIFY step INTEGER NOT NULL", ", ALGORITHM=COPY, LOCK=NONE", False),
    ("ALTER TABLE hr_fork MODIFY step INTEGER NOT NULL", ", ALGORITHM=COPY, LOCK=SHARED", True),
    ("CREATE INDEX by_step ON hr_fork (step)", " ALGORITHM=INPLACE LOCK=NONE", True),
    ("ALTER TABLE hr_fork DROP INDEX hr_fork_by_parent", ", ALGORITHM=INPLACE, LOCK=NONE", True),
    ("ALTER TABLE hr_fork ADD CONSTRAINT one UNIQUE (parent)", ", ALGORITHM=INPLACE, LOCK=NONE", True),
    ("ALTER TABLE hr_fork ALTER COLUMN step SET DEFAULT 7", ", ALGORITHM=INSTANT", True),
    ("ALTER TABLE hr_fork RENAME TO hr_forks", ", ALGORITHM=INSTANT", True),
]


@pytest.mark.databases("mysql", reason="a statement can name how it must be done")
@pytest.mark.parametrize(("statement", "how", "possible"), MARIADB)
def test_the_way_that_is_told_is_mariadbs(
    statement: str, how: str, possible: bool, connection: Connection
) -> None:
    effect = judge(connection.dialect, statement, find_catalogue(connection).measure())
    if possible:
        connection.exec_driver_sql(statement + how)
    else:
        with pytest.raises(DBAPIError, match="not supported"):
            connection.exec_driver_sql(statement + how)
    assert (effect.blocks == MOMENT) == ("MODIFY" not in statement)
    assert (effect.work is Work.REWRITE) == ("MODIFY" in statement)
    assert (effect.work is Work.INDEX) == ("by_step" in statement or "UNIQUE" in statement)


def test_a_statement_that_no_rule_knows_is_taken_for_the_worst(connection: Connection) -> None:
    sizes = find_catalogue(connection).measure()
    effect = judge(connection.dialect, "CLUSTER hr_run USING hr_run_pk", sizes)
    assert (effect.blocks, effect.work) == (ALL, Work.UNKNOWN)
    assert effect.rows == sum(size.rows for size in sizes.values())


def test_every_statement_of_every_revision_is_known(connection: Connection) -> None:
    statements = [text for stage in compile_stages(connection.dialect, None) for text in stage.statements]
    for statement in [*statements, *compile_tables(connection.dialect)]:
        assert judge(connection.dialect, statement, {}).work is not Work.UNKNOWN, statement


def test_sizes_are_about_right_and_give_the_time(url: str, connection: Connection) -> None:
    if not url.startswith("sqlite"):
        query(url, "ANALYZE hr_fork" if url.startswith("postgresql") else "ANALYZE TABLE hr_fork")
    size = find_catalogue(connection).measure()["hr_fork"]
    assert 500 <= size.rows <= 2000
    assert 8_000 <= size.bytes <= 1_000_000
    sizes = {"hr_fork": size._replace(rows=70_000_000)}
    effect = judge(connection.dialect, "CREATE INDEX by_step ON hr_fork (step)", sizes)
    assert effect.rows == 70_000_000
    assert 70 < effect.seconds < 200
    assert in_words(effect.seconds) == "some minutes"


def test_a_plan_changes_nothing_and_is_what_an_upgrade_does(url: str) -> None:
    index = f"hr_fork_by_parent{' ON hr_fork' if make_url(url).get_backend_name() == 'mysql' else ''}"
    assert plan(url).stages == []
    query(url, f"DROP INDEX {index}")
    (stage,) = plan(url).stages
    assert [effect.table for effect in stage.effects] == ["hr_fork"]
    assert [effect.statement for effect in plan(url).stages[0].effects] == [
        effect.statement for effect in stage.effects
    ]
    assert upgrade(url) == ["made the index hr_fork_by_parent of hr_fork again"]
    assert plan(url).stages == []
