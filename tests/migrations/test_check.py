"""`headrace.store.migrate.check`: every kind of damage to a schema is named, with its remedy."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from headrace.base.errors import StoreError
from headrace.store.engine import open_store
from headrace.store.migrate import check, upgrade

GOLDEN = Path(__file__).parent / "golden"
BACKUP = "Restore a backup."
UPGRADE = "Run: headrace db upgrade sqlite:///{}"
NOT_OURS = "headrace did not make it: remove it, or ask who did."

DRIFTS = {
    "lost index": (
        ["DROP INDEX hr_run_by_scope_start_time"],
        [f"The index hr_run_by_scope_start_time of hr_run is missing, or made otherwise; what it serves is slow. {UPGRADE}"],
    ),
    "index on other columns": (
        ["DROP INDEX hr_run_by_scope_start_time", "CREATE INDEX hr_run_by_scope_start_time ON hr_run (name)"],
        [f"The index hr_run_by_scope_start_time of hr_run is missing, or made otherwise; what it serves is slow. {UPGRADE}"],
    ),
    "index in another order": (
        [
            "DROP INDEX hr_run_by_scope_start_time",
            "CREATE INDEX hr_run_by_scope_start_time ON hr_run (scope, start_time, run_id)",
        ],
        [
            "hr_run_by_scope_start_time is laid out as CREATE INDEX hr_run_by_scope_start_time ON hr_run (scope, start_time, run_id) "
            "and not as CREATE INDEX hr_run_by_scope_start_time ON hr_run (scope, start_time DESC, run_id). " + UPGRADE
        ],
    ),
    "lost table": (["DROP TABLE hr_lease"], [f"The table hr_lease is missing. {BACKUP}"]),
    "lost column": (
        ["ALTER TABLE hr_run DROP COLUMN user_id"],
        [f"The column hr_run.user_id is missing. {BACKUP}"],
    ),
    "lost constraint": (
        ["DROP TABLE hr_key", "CREATE TABLE hr_key (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(250) NOT NULL)"],
        [f"The constraint hr_key_one_name of hr_key is missing. {BACKUP}"],
    ),
    "column that may be NULL": (
        ["DROP TABLE hr_lease", "CREATE TABLE hr_lease (run INTEGER NOT NULL PRIMARY KEY, until BIGINT, length BIGINT NOT NULL)"],
        [f"The nullable of the column hr_lease.until is True and not False. {BACKUP}"],
    ),
    "column of another type": (
        ["DROP TABLE hr_lease", "CREATE TABLE hr_lease (run INTEGER NOT NULL PRIMARY KEY, until TEXT NOT NULL, length BIGINT NOT NULL)"],
        [f"The type of the column hr_lease.until is TEXT and not BIGINT. {BACKUP}"],
    ),
    "another primary key": (
        [
            "DROP TABLE hr_model_tag",
            "CREATE TABLE hr_model_tag (model INTEGER NOT NULL, key_id INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key_id, model))",
        ],
        [
            "hr_model_tag is laid out as PRIMARY KEY (key_id, model) and not as PRIMARY KEY (model, key_id) WITHOUT ROWID. "
            + BACKUP
        ],
    ),
    "more than there should be": (
        [
            "ALTER TABLE hr_run ADD COLUMN mood TEXT",
            "CREATE INDEX by_mood ON hr_run (mood)",
            "CREATE TABLE hr_mood (mood TEXT)",
        ],
        [
            f"The index by_mood of hr_run is none of this schema's; it slows writing. {NOT_OURS}",
            f"The table hr_mood is none of this schema's. {NOT_OURS}",
            f"The column hr_run.mood is none of this schema's. {NOT_OURS}",
        ],
    ),
    "tables of others": (["CREATE TABLE notes (note TEXT)", "CREATE INDEX by_note ON notes (note)"], []),
    "no revision": (
        ["DELETE FROM hr_version"],
        ["The table hr_version of sqlite:///{} holds 0 rows instead of one, so its revision is unknown. Restore a backup."],
    ),
    "no table of the revision": (
        ["DROP TABLE hr_version"],
        [
            "sqlite:///{} holds tables of headrace (hr_attempt, hr_change, hr_chunk, hr_chunk_data, hr_clock, …) but not hr_version, so its revision is unknown. Restore a backup, or name another store."
        ],
    ),
}  # fmt: skip


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_named_with_its_remedy(tmp_path: Path, drift: str) -> None:
    statements, wanted = DRIFTS[drift]
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    _execute(path, *statements)
    assert check(f"sqlite:///{path}") == [each.format(path) for each in wanted]


def test_a_database_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    assert check(url) == [
        f"{url} holds no schema of headrace. Start a server with it, or run: headrace db upgrade {url}"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("a diary, not a database\n" * 500, "utf-8")
    before = path.read_bytes()
    assert [problem[:42] for problem in check(f"sqlite:///{path}")] == [
        "The database file is damaged, or is none ("
    ]
    for call in (upgrade, open_store):
        with pytest.raises(StoreError, match="damaged, or is none"):
            call(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_store_in_use_can_be_checked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(url)
    try:
        with store.read() as reader:
            assert reader.row("SELECT count(*) FROM hr_run") == (0,)
            assert check(url) == []
        move = "UPDATE hr_clock SET value = value + 1"
        seen = store.writer.call(lambda tx: (tx.count_changed(move), check(url)))
        assert seen == (1, [])
    finally:
        store.close()


@pytest.fixture
def mlflow_database(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((GOLDEN / "mlflow-3.17.2-tables.sql").read_text("utf-8"))
    return path


def test_an_mlflow_database_is_recognised_and_left_untouched(mlflow_database: Path) -> None:
    url = f"sqlite:///{mlflow_database}"
    before, changed_at = mlflow_database.read_bytes(), mlflow_database.stat().st_mtime_ns
    message = f"{url} is MLflow's own database."
    assert [problem[: len(message)] for problem in check(url)] == [message]
    for call in (upgrade, open_store):
        with pytest.raises(
            StoreError, match=r"MLflow's own database.*--backend-store-uri sqlite:///headrace\.db"
        ):
            call(url)
    assert mlflow_database.read_bytes() == before
    assert mlflow_database.stat().st_mtime_ns == changed_at
    assert list(mlflow_database.parent.iterdir()) == [mlflow_database]
