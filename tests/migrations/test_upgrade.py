"""`headrace.store.migrate.upgrade`: what it changes and what it leaves alone, on every database."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from databases import nothing_written, query, sqlite_path
from headrace.base.errors import InvalidParameter, StoreError
from headrace.store.engine import open_store
from headrace.store.filelock import FileLock
from headrace.store.migrate import check, upgrade
from headrace.store.revision import SCHEMA_REVISION
from migrations.later_versions import write_revision

ONE_INDEX = "hr_tag_by_scope_key_id_digest_run"


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    return make_database()


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The folder of a later headrace: it has one more revision."""
    return write_revision(tmp_path / "later % migrations")


def _add_run(url: str, run_id: str = "r1") -> None:
    query(
        url,
        "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
        "VALUES (?, 1, 2, 'n', 'u', 1, 5, 'a', 0)",
        run_id,
    )


def _make_with_a_run(url: str) -> None:
    open_store(url).close()
    _add_run(url)


def _drop_index(url: str, name: str, table: str) -> None:
    query(url, f"DROP INDEX {name}{f' ON {table}' if url.startswith('mysql') else ''}")


def _list_copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.backup"))


def test_an_empty_database_gets_the_whole_schema(make_database: Callable[..., str]) -> None:
    url = make_database(empty=True)
    assert upgrade(url) == [f"made the schema, at revision {SCHEMA_REVISION}"]
    assert check(url) == []
    open_store(url).close()


@pytest.mark.databases("sqlite", reason="a file")
def test_a_file_that_an_upgrade_makes_is_its_owners_alone(url: str) -> None:
    upgrade(url)
    assert sqlite_path(url).stat().st_mode & 0o777 == 0o600


def test_a_second_upgrade_does_nothing(url: str) -> None:
    upgrade(url)
    with nothing_written(url):
        assert upgrade(url) == []
    if url.startswith("sqlite"):
        assert _list_copies(sqlite_path(url)) == []


@pytest.mark.parametrize(
    "other", ["", f"CREATE INDEX {ONE_INDEX} ON hr_tag (scope)"], ids=["lost", "made otherwise"]
)
def test_an_index_is_mended(url: str, other: str) -> None:
    open_store(url).close()
    _drop_index(url, ONE_INDEX, "hr_tag")
    if other:
        query(url, other)
    assert len(check(url)) == 1
    assert upgrade(url) == [f"made the index {ONE_INDEX} of hr_tag {'anew' if other else 'again'}"]
    assert check(url) == []


@pytest.mark.databases("sqlite", reason="of others the operator makes copies")
def test_an_older_file_is_copied_first_and_then_changed(url: str, later: Path) -> None:
    _make_with_a_run(url)
    path = sqlite_path(url)
    path.chmod(0o640)
    done = upgrade(url, later)
    copies = _list_copies(path)
    assert len(copies) == 1
    assert done == [
        f"copied the database, at revision {SCHEMA_REVISION}, to {copies[0]}; remove the copy when all is well",
        f"brought the schema from revision {SCHEMA_REVISION} to 9999",
    ]
    assert query(url, "SELECT run_id, colour FROM hr_run") == [("r1", "blue")]
    assert check(f"sqlite:///{copies[0]}") == []
    assert query(f"sqlite:///{copies[0]}", "SELECT run_id FROM hr_run") == [("r1",)]
    assert copies[0].stat().st_mode & 0o777 == 0o640
    assert upgrade(url, later) == []


@pytest.mark.databases("postgresql", "mysql", reason="headrace copies files")
def test_an_older_schema_is_changed_and_the_program_for_copies_is_named(url: str, later: Path) -> None:
    _make_with_a_run(url)
    told, done = upgrade(url, later)
    assert told.startswith(
        f"made no copy of the database, which was at revision {SCHEMA_REVISION}: that is for "
    )
    assert ("pg_dump" if url.startswith("postgresql") else "mariadb-dump or mysqldump") in told
    assert done == f"brought the schema from revision {SCHEMA_REVISION} to 9999"
    assert query(url, "SELECT run_id, colour FROM hr_run") == [("r1", "blue")]
    assert query(url, "SELECT version_num, oldest FROM hr_version") == [("9999", "9999")]
    assert upgrade(url, later) == []


def test_text_with_percent_signs_and_quotes_gets_there_as_it_is(url: str, tmp_path: Path) -> None:
    _make_with_a_run(url)
    body = """op.execute("UPDATE hr_run SET name = '100 % of \\"it\\" isn''t %s, is it? %(no)s'")"""
    upgrade(url, write_revision(tmp_path / "percent", body))
    assert query(url, "SELECT name FROM hr_run") == [('100 % of "it" isn\'t %s, is it? %(no)s',)]


def test_a_schema_of_a_newer_headrace_is_refused_with_the_remedy(url: str, later: Path) -> None:
    upgrade(url, later)
    with nothing_written(url):
        for call in (upgrade, open_store):
            with pytest.raises(
                StoreError, match=r"revision 9999, written by a newer headrace .* Install that"
            ):
                call(url)


def test_a_start_on_an_older_schema_names_the_command(url: str) -> None:
    open_store(url).close()
    query(url, "UPDATE hr_version SET version_num = '0000'")
    with pytest.raises(
        StoreError, match=rf"revision 0000.* needs {SCHEMA_REVISION}.*copy.*headrace db upgrade {url[:5]}"
    ):
        open_store(url)


def test_a_revision_that_nobody_knows_is_refused_and_left_alone(url: str) -> None:
    open_store(url).close()
    query(url, "UPDATE hr_version SET version_num = '0000'")
    with pytest.raises(StoreError, match=rf"cannot be brought to revision {SCHEMA_REVISION}.*0000"):
        upgrade(url)
    assert query(url, "SELECT version_num FROM hr_version") == [("0000",)]


def test_two_upgrades_at_the_same_time_are_one(url: str, later: Path) -> None:
    _make_with_a_run(url)
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(upgrade(url, later))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(len(answer) for answer in answers) == [0, 0, 0, 2]
    assert query(url, "SELECT run_id, colour FROM hr_run") == [("r1", "blue")]


@pytest.mark.databases("sqlite", reason="the writers of a file take turns by a lock beside it")
def test_an_upgrade_waits_for_whoever_writes(url: str) -> None:
    open_store(url).close()
    _drop_index(url, ONE_INDEX, "hr_tag")
    lock = FileLock(Path(f"{sqlite_path(url)}.lock"))
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.extend(upgrade(url)))
    with lock.held():
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert query(url, "SELECT 1 FROM sqlite_master WHERE name = ?", ONE_INDEX) == []
    thread.join(30)
    lock.close()
    assert done == [f"made the index {ONE_INDEX} of hr_tag again"]


def test_wrong_urls_are_refused() -> None:
    for call in (upgrade, check):
        with pytest.raises(InvalidParameter, match="is no database URL"):
            call("just text")
        with pytest.raises(InvalidParameter, match="does not exist; create it first"):
            call("sqlite:////no/such/folder/store.db")


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be reached") as caught:
        upgrade("postgresql://someone:hunter2@127.0.0.1:1/store")
    assert "hunter2" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.databases("sqlite", reason="the others have no such file")
def test_the_statement_that_a_database_refuses_is_named(url: str, tmp_path: Path) -> None:
    _make_with_a_run(url)
    body = 'op.execute("UPDATE hr_run SET name = 7")\nop.execute("SELECT nonsense")'
    with pytest.raises(
        StoreError, match=r"store\.db refused a statement: no such column: nonsense. Nothing was changed"
    ):
        upgrade(url, write_revision(tmp_path / "broken", body))
    assert check(url) == []
    assert query(url, "SELECT name FROM hr_run") == [("n",)]
    assert sqlite3.sqlite_version_info >= (3, 37)
