"""`headrace.store.migrate.check` on PostgreSQL, MySQL and MariaDB, and what a server's start says of a damaged schema, on every database."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import event, make_url

from databases import list_tables, nothing_written, open_engine, query
from headrace.store.address import parse_address
from headrace.store.engine import open_store
from headrace.store.migrate import check, upgrade
from headrace.store.schema import name_missing

BACKUP = "Restore a backup."
UPGRADE = "Run: headrace db upgrade {}"
NOT_OURS = "headrace did not make it: remove it, or ask who did."
ONE_INDEX = "hr_run_by_scope_start_time"
MISSING = f"The index {ONE_INDEX} of hr_run is missing, or made otherwise; what it serves is slow. {UPGRADE}"

BOTH = {
    "lost table": (["DROP TABLE hr_lease"], [f"The table hr_lease is missing. {BACKUP}"]),
    "lost column": (["ALTER TABLE hr_run DROP COLUMN user_id"], [f"The column hr_run.user_id is missing. {BACKUP}"]),
    "column that may be NULL": (
        ["ALTER TABLE hr_lease {} NULL"],
        [f"The nullable of the column hr_lease.until is True and not False. {BACKUP}"],
    ),
    "column of another type": (
        ["ALTER TABLE hr_lease {} INTEGER"],
        [f"The column hr_lease.until is laid out as {{}} and not as BIGINT. {BACKUP}"],
    ),
    "more than there should be": (
        ["ALTER TABLE hr_run ADD COLUMN mood INTEGER", "CREATE INDEX by_mood ON hr_run (mood)", "CREATE TABLE hr_mood (mood INTEGER)"],
        [
            f"The index by_mood of hr_run is none of this schema's; it slows writing. {NOT_OURS}",
            f"The table hr_mood is none of this schema's. {NOT_OURS}",
            f"The column hr_run.mood is none of this schema's. {NOT_OURS}",
        ],
    ),
    "tables of others": (["CREATE TABLE notes (note INTEGER)", "CREATE INDEX by_note ON notes (note)"], []),
}  # fmt: skip

POSTGRESQL = {
    "lost index": ([f"DROP INDEX {ONE_INDEX}"], [MISSING]),
    "index in another order": (
        [f"DROP INDEX {ONE_INDEX}", f"CREATE INDEX {ONE_INDEX} ON hr_run (scope, start_time, run_id)"],
        [MISSING],
    ),
    "index of another kind": (
        ["DROP INDEX hr_fork_by_parent", "CREATE INDEX hr_fork_by_parent ON hr_fork USING hash (parent)"],
        [f"hr_fork_by_parent is laid out as INDEX (parent) USING hash and not as INDEX (parent). {UPGRADE}"],
    ),
    "lost constraint": (
        ["ALTER TABLE hr_key DROP CONSTRAINT hr_key_one_name"],
        [f"The constraint hr_key_one_name of hr_key is missing. {BACKUP}"],
    ),
    "another primary key": (
        [
            "ALTER TABLE hr_model_tag DROP CONSTRAINT hr_model_tag_pk",
            "ALTER TABLE hr_model_tag ADD CONSTRAINT hr_model_tag_pk PRIMARY KEY (key_id, model)",
        ],
        [f"hr_model_tag_pk is laid out as PRIMARY KEY (key_id, model) and not as PRIMARY KEY (model, key_id). {BACKUP}"],
    ),
    "text that is compared otherwise": (
        ['ALTER TABLE hr_key ALTER COLUMN name TYPE VARCHAR(250) COLLATE "default"'],
        [(
                'The column hr_key.name is laid out as VARCHAR(250) COLLATE "default" and not as VARCHAR(250) COLLATE "C". '
                'Run in the database: ALTER TABLE hr_key ALTER COLUMN name TYPE VARCHAR(250) COLLATE "C"'
            )],
    ),
    "chunks that are compressed twice": (
        ["ALTER TABLE hr_chunk_data ALTER COLUMN points SET STORAGE EXTENDED"],
        [(
                "The column hr_chunk_data.points is laid out as STORAGE EXTENDED and not as STORAGE EXTERNAL. "
                "Run in the database: ALTER TABLE hr_chunk_data ALTER COLUMN points SET STORAGE EXTERNAL"
            )],
    ),
    "pages without room": (
        ["ALTER TABLE hr_clock RESET (fillfactor)", "ALTER TABLE hr_clock SET (autovacuum_enabled = on)"],
        [(
                "hr_clock is laid out as WITH (autovacuum_enabled=on) and not as WITH (fillfactor=50). "
                "Run in the database: ALTER TABLE hr_clock SET (fillfactor = 50)"
            )],
    ),
    "settings of the operator": (["ALTER TABLE hr_run SET (autovacuum_vacuum_scale_factor = 0.01)"], []),
}  # fmt: skip

MARIADB = {
    "lost index": ([f"DROP INDEX {ONE_INDEX} ON hr_run"], [MISSING]),
    "index in another order": (
        [f"DROP INDEX {ONE_INDEX} ON hr_run", f"CREATE INDEX {ONE_INDEX} ON hr_run (scope, start_time, run_id)"],
        [f"{ONE_INDEX} is laid out as INDEX (scope, start_time, run_id) and not as INDEX (scope, start_time DESC, run_id). {UPGRADE}"],
    ),
    "index that queries do not see": ([f"ALTER TABLE hr_run ALTER INDEX {ONE_INDEX} IGNORED"], [MISSING]),
    "text that is compared otherwise": (
        ["ALTER TABLE hr_key MODIFY name VARCHAR(250) COLLATE utf8mb4_bin NOT NULL"],
        [(
                "The column hr_key.name is laid out as VARCHAR(250) COLLATE utf8mb4_bin and not as VARCHAR(250) COLLATE utf8mb4_nopad_bin. Run in the database: "
                "ALTER TABLE hr_key MODIFY name VARCHAR(250) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL"
            )],
    ),
    "table of another engine": (
        ["ALTER TABLE hr_lease ENGINE=MyISAM"],
        [(
                "hr_lease is laid out as ENGINE=MyISAM ROW_FORMAT=DYNAMIC and not as ENGINE=InnoDB ROW_FORMAT=DYNAMIC. "
                "Run in the database: ALTER TABLE hr_lease ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
            )],
    ),
}  # fmt: skip

COLUMN = {
    "postgresql": {
        "column that may be NULL": "ALTER COLUMN until DROP NOT",
        "column of another type": "ALTER COLUMN until TYPE",
    },
    "mysql": {"column that may be NULL": "MODIFY until BIGINT", "column of another type": "MODIFY until"},
}


def _damage(url: str, statements: list[str]) -> None:
    for statement in statements:
        query(url, statement)


def _check(url: str, statements: list[str], wanted: list[str]) -> None:
    shown = parse_address(url).shown
    open_store(url).close()
    assert check(url) == []
    _damage(url, statements)
    assert check(url) == [each.replace("{}", shown) for each in wanted]


@pytest.mark.databases("postgresql", "mysql", reason="for files see test_check.py")
@pytest.mark.parametrize("drift", BOTH)
def test_drift_is_named_with_its_remedy(drift: str, database: str, make_database: Callable[..., str]) -> None:
    statements, wanted = BOTH[drift]
    change = COLUMN[database].get(drift, "")
    if drift == "column of another type":
        wanted = [each.replace("{}", "INTEGER" if database == "postgresql" else "INT") for each in wanted]
    suffix = " NOT NULL" if (database, drift) == ("mysql", "column of another type") else ""
    _check(
        make_database(),
        [each.replace("{}", change) + (suffix if "{}" in each else "") for each in statements],
        wanted,
    )


@pytest.mark.databases("postgresql", reason="what only PostgreSQL has")
@pytest.mark.parametrize("drift", POSTGRESQL)
def test_drift_of_postgresql_is_named(drift: str, make_database: Callable[..., str]) -> None:
    _check(make_database(), *POSTGRESQL[drift])


@pytest.mark.databases("postgresql", reason="an index that is made while servers write")
def test_an_index_that_could_not_be_finished_is_named_and_mended(make_database: Callable[..., str]) -> None:
    url = make_database()
    open_store(url).close()
    engine = open_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("INSERT INTO hr_fork VALUES (1, 7, 1), (2, 7, 1)")
        connection.exec_driver_sql("DROP INDEX hr_fork_by_parent")
        with pytest.raises(Exception, match="could not create unique index"):
            connection.exec_driver_sql(
                "CREATE UNIQUE INDEX CONCURRENTLY hr_fork_by_parent ON hr_fork (parent)"
            )
    engine.dispose()
    shown = parse_address(url).shown
    told = f"The index hr_fork_by_parent of hr_fork is missing, or made otherwise; what it serves is slow. {UPGRADE.format(shown)}"
    assert check(url) == [told]
    assert _start_problems(url) == [told]
    assert upgrade(url) == ["made the index hr_fork_by_parent of hr_fork anew"]
    assert check(url) == []


@pytest.mark.databases("mysql", reason="what only MySQL and MariaDB have")
@pytest.mark.parametrize("drift", MARIADB)
def test_drift_of_mariadb_is_named(drift: str, make_database: Callable[..., str]) -> None:
    _check(make_database(), *MARIADB[drift])


@pytest.mark.databases("postgresql", "mysql", reason="statements that a remedy names")
def test_the_statement_that_a_remedy_names_mends(database: str, make_database: Callable[..., str]) -> None:
    url = make_database()
    open_store(url).close()
    cases = POSTGRESQL if database == "postgresql" else MARIADB
    mended = 0
    for statements, wanted in cases.values():
        if not any("Run in the database: " in each for each in wanted):
            continue
        _damage(url, statements)
        for problem in check(url):
            query(url, problem.partition("Run in the database: ")[2])
        assert check(url) == []
        mended += 1
    assert mended == {"postgresql": 3, "mysql": 2}[database]


def _start_problems(url: str) -> list[str]:
    place = parse_address(url)
    engine = open_engine(url)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *each: statements.append(each[2]))
    with engine.connect() as connection:
        statements.clear()
        found = name_missing(connection, place)
    engine.dispose()
    assert len(statements) == 2, statements
    return found


def test_a_start_names_what_is_missing_by_two_queries(
    database: str, make_database: Callable[..., str]
) -> None:
    url = make_database()
    open_store(url).close()
    shown = parse_address(url).shown
    assert _start_problems(url) == []
    query(url, f"DROP INDEX {ONE_INDEX}{' ON hr_run' if database == 'mysql' else ''}")
    query(url, "DROP TABLE hr_lease")
    query(url, "ALTER TABLE hr_stop DROP COLUMN seen_at")
    wanted = [
        f"The table hr_lease is missing. {BACKUP}",
        MISSING.format(shown),
        f"The column hr_stop.seen_at is missing. {BACKUP}",
    ]
    assert _start_problems(url) == wanted


@pytest.mark.databases("postgresql", "mysql", reason="collations of columns")
def test_a_start_names_text_that_is_compared_otherwise(
    database: str, make_database: Callable[..., str]
) -> None:
    url = make_database()
    open_store(url).close()
    cases = POSTGRESQL if database == "postgresql" else MARIADB
    _damage(url, cases["text that is compared otherwise"][0])
    (problem,) = _start_problems(url)
    assert "hr_key.name compares text by" in problem
    assert f"headrace db check {parse_address(url).shown}" in problem


def test_a_check_changes_nothing_and_shows_no_password(make_database: Callable[..., str]) -> None:
    url = make_database()
    open_store(url).close()
    before = list_tables(url)
    with nothing_written(url):
        assert check(url) == []
    query(url, "DELETE FROM hr_version")
    (problem,) = check(url)
    assert "hr_version" in problem
    if password := make_url(url).password:
        assert password not in problem
    assert list_tables(url) == before


@pytest.mark.databases("postgresql", "mysql", reason="the names of tables are enough")
def test_an_mlflow_database_is_recognised_and_left_untouched(make_database: Callable[..., str]) -> None:
    url = make_database(empty=True)
    for name in ("alembic_version", "experiments", "runs"):
        query(url, f"CREATE TABLE {name} (id INTEGER)")
    assert "is MLflow's own database" in check(url)[0]
    for call in (upgrade, open_store):
        with pytest.raises(Exception, match="is MLflow's own database"):
            call(url)
    assert list_tables(url) == ["alembic_version", "experiments", "runs"]


def test_a_start_looks_briefly(make_database: Callable[..., str]) -> None:
    url = make_database()
    open_store(url).close()
    engine = open_engine(url)
    with engine.connect() as connection:
        name_missing(connection, parse_address(url))
        times = []
        for _ in range(50):
            started = time.perf_counter()
            name_missing(connection, parse_address(url))
            times.append(time.perf_counter() - started)
    engine.dispose()
    assert min(times) < 0.05
