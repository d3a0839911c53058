"""Upgrades and first starts that are broken off at any moment: what was there is there still, or the next run goes on."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from databases import list_tables, open_engine, query
from headrace.base.errors import StoreError
from headrace.store import stages
from headrace.store.catalogues import mysql, postgresql
from headrace.store.engine import open_store
from headrace.store.migrate import check, upgrade
from headrace.store.revision import SCHEMA_REVISION
from migrations.later_versions import Died, dying_after_a_change_of_tables, write_revision
from migrations.old_stores import DUMPS, build_store, read_rows

# For how long another transaction holds a table that an upgrade waits for.
HELD_S = 10
TWO_STEPS = """
    op.add_column("hr_run", sa.Column("colour", sa.String(20)))
    op.execute("UPDATE hr_run SET colour = 'blue'")
    op.add_column("hr_run", sa.Column("mood", sa.String(20)))
"""


def _die_until_done(work: Callable[[], object], most: int) -> int:
    """Run a work again and again, each time until it has changed one table; return how often it died."""
    for count in range(most):
        try:
            with dying_after_a_change_of_tables():
                work()
        except Died:
            continue
        return count
    raise AssertionError(f"not done after {most} runs")


@pytest.mark.databases("mysql", reason="others take back what a broken off run has done")
def test_an_upgrade_that_dies_after_every_change_gets_there_all_the_same(
    make_database: Callable[..., str],
) -> None:
    url = make_database(empty=True)
    build_store(url, DUMPS[0])
    assert _die_until_done(lambda: upgrade(url), 80) > 20
    assert check(url) == []
    assert query(url, "SELECT version_num FROM hr_version") == [(SCHEMA_REVISION,)]
    assert "hr_upgrade" not in list_tables(url)
    assert len(query(url, "SELECT id FROM hr_run")) == len(read_rows(DUMPS[0])["hr_run"])


@pytest.mark.databases("mysql", reason="others take back what a broken off run has done")
def test_a_first_start_that_dies_after_every_change_gets_there_all_the_same(
    make_database: Callable[..., str],
) -> None:
    url = make_database(empty=True)
    assert _die_until_done(lambda: open_store(url).close(), 120) > 40
    assert check(url) == []
    assert "hr_upgrade" not in list_tables(url)


@pytest.mark.databases("sqlite", "postgresql", reason="MySQL cannot take such statements back")
@pytest.mark.parametrize("what", ["an upgrade", "a first start"])
def test_whatever_dies_has_changed_nothing(what: str, make_database: Callable[..., str]) -> None:
    url = make_database(empty=True)
    if what == "an upgrade":
        build_store(url, DUMPS[0])
    before = list_tables(url)
    with pytest.raises(Died), dying_after_a_change_of_tables():
        upgrade(url) if what == "an upgrade" else open_store(url)
    assert list_tables(url) == before
    upgrade(url)
    assert check(url) == []


def test_an_upgrade_that_is_killed_can_be_done_again(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    url = make_database()
    open_store(url).close()
    query(
        url,
        "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
        "VALUES ('r1', 1, 2, 'n', 'u', 1, 5, 'a', 0)",
    )
    later = write_revision(tmp_path / "later", TWO_STEPS, oldest=SCHEMA_REVISION)
    program = (
        "import os, signal, sys, pathlib; from sqlalchemy import Engine, event; from headrace.store.migrate import upgrade\n"
        "def kill(conn, cursor, statement, *_):\n"
        "    if 'mood' in statement: os.kill(os.getpid(), signal.SIGKILL)\n"
        "event.listen(Engine, 'before_cursor_execute', kill)\n"
        "upgrade(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    ran = subprocess.run([sys.executable, "-c", program, url, str(later)], check=False)
    assert ran.returncode == -9
    if url.startswith("mysql"):
        told = f"An upgrade was broken off: 9999 (statement 2). Run: headrace db upgrade {url[:5]}"
        assert any(problem.startswith(told) for problem in check(url))
    else:
        assert check(url) == []
    assert upgrade(url, later)[-1] == f"brought the schema from revision {SCHEMA_REVISION} to 9999"
    assert query(url, "SELECT colour, mood FROM hr_run") == [("blue", None)]
    assert query(url, "SELECT version_num, oldest FROM hr_version") == [("9999", SCHEMA_REVISION)]


def test_a_revision_that_fails_can_be_run_again_when_it_is_mended(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    url = make_database()
    open_store(url).close()
    broken = write_revision(tmp_path / "broken", TWO_STEPS.replace("colour = 'blue'", "nonsense = 1"))
    with pytest.raises(StoreError, match="nonsense") as caught:
        upgrade(url, broken)
    if url.startswith("mysql"):
        assert "What had been done before stays done: run the command again" in str(caught.value)
        with pytest.raises(StoreError, match=r"half-way to 9999 \(statement 2\), by another version"):
            upgrade(url, write_revision(tmp_path / "other", TWO_STEPS))
        query(url, "ALTER TABLE hr_run ADD nonsense INT")  # what the statement was missing
        assert upgrade(url, broken)[-1].endswith("to 9999")
    else:
        assert "Nothing was changed." in str(caught.value)
        assert check(url) == []


def test_servers_that_start_during_a_breaking_upgrade_are_refused(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    url = make_database()
    open_store(url).close()
    query(url, "UPDATE hr_version SET oldest = '9999'")  # the first thing that such an upgrade does
    with pytest.raises(
        StoreError, match=r"being changed by a newer headrace .* older than revision 9999 cannot use it"
    ):
        open_store(url)


@pytest.mark.databases("postgresql", reason="an index that is made while servers write")
def test_an_index_that_could_not_be_finished_is_made_anew(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    url = make_database()
    open_store(url).close()
    body = """
        op.add_column("hr_lease", sa.Column("colour", sa.Integer()))
        op.create_index("hr_lease_one_length", "hr_lease", ["length"], unique=True, postgresql_concurrently=True)
        op.add_column("hr_lease", sa.Column("mood", sa.Integer()))
    """
    later = write_revision(tmp_path / "later", body, oldest=SCHEMA_REVISION)
    query(url, "INSERT INTO hr_lease VALUES (1, 1, 7), (2, 2, 7)")
    with pytest.raises(StoreError, match="could not create unique index"):
        upgrade(url, later)
    assert query(
        url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'hr_lease_one_length'::regclass"
    ) == [(False,)]
    open_store(url).close()  # servers may go on: the revision only adds
    query(url, "DELETE FROM hr_lease WHERE run = 2")
    upgrade(url, later)
    assert query(
        url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'hr_lease_one_length'::regclass"
    ) == [(True,)]
    assert query(url, "SELECT colour, mood FROM hr_lease") == [(None, None)]
    assert "hr_upgrade" not in list_tables(url)


@pytest.mark.databases("postgresql", "mysql", reason="others' locks on tables")
def test_an_upgrade_that_waits_for_a_table_lets_others_through(
    make_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    open_store(url).close()
    for module in (postgresql, mysql):
        monkeypatch.setattr(module, "LOCK_WAIT_S", 1)
    monkeypatch.setattr(stages, "PAUSE_S", 0.5)
    later = write_revision(tmp_path / "later", TWO_STEPS)
    engine = open_engine(url)
    thread = threading.Thread(target=upgrade, args=(url, later))
    longest = 0.0
    with engine.connect() as holder:
        holder.exec_driver_sql("SELECT count(*) FROM hr_run").fetchall()  # its transaction stays open
        thread.start()
        until = time.monotonic() + HELD_S
        while time.monotonic() < until:
            started = time.monotonic()
            query(url, "SELECT count(*) FROM hr_run")
            longest = max(longest, time.monotonic() - started)
        assert thread.is_alive()
        assert query(url, "SELECT version_num FROM hr_version") == [(SCHEMA_REVISION,)]
    thread.join(30)
    assert not thread.is_alive()
    assert 0.2 < longest < HELD_S - 2
    assert query(url, "SELECT version_num FROM hr_version") == [("9999",)]
    engine.dispose()


@pytest.mark.databases("postgresql", "mysql", reason="others' locks on tables")
def test_a_table_that_is_never_free_is_named(
    make_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    open_store(url).close()
    for module in (postgresql, mysql):
        monkeypatch.setattr(module, "LOCK_WAIT_S", 1)
    monkeypatch.setattr(stages, "PAUSE_S", 0.1)
    monkeypatch.setattr(stages, "ATTEMPTS", 2)
    engine = open_engine(url)
    with engine.connect() as holder:
        holder.exec_driver_sql("SELECT count(*) FROM hr_run").fetchall()
        with pytest.raises(StoreError, match=r"A table has been in use for too long .*ADD .*colour"):
            upgrade(url, write_revision(tmp_path / "later", TWO_STEPS, oldest=SCHEMA_REVISION))
    engine.dispose()
    open_store(url).close()


def test_sixteen_processes_may_start_at_once_on_an_empty_database(make_database: Callable[..., str]) -> None:
    url = make_database(empty=True)
    program = (
        "import os, sys, time; from headrace.store.engine import open_store; from headrace.store.dialect import find_dialect\n"
        "from headrace.store.address import parse_address; find_dialect(parse_address(sys.argv[1]).backend)\n"
        "at, children = time.time() + 0.5, []\n"
        "for _ in range(16):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        time.sleep(max(0, at - time.time()))\n"
        "        try:\n"
        "            store = open_store(sys.argv[1])\n"
        "            store.writer.call(lambda tx: tx.touch(1, 1, 1))\n"
        "            store.close()\n"
        "        except BaseException as error:\n"
        "            print(repr(error), flush=True)\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    children.append(child)\n"
        "print(sum(os.waitpid(child, 0)[1] == 0 for child in children))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, url],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert ran.stdout.strip() == "16"
    assert check(url) == []
    assert query(url, "SELECT value FROM hr_clock") == [(16,)]
