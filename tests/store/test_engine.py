"""Opening a store: once, by many at a time, and with a clear word where it cannot be done."""

import gc
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from databases import check_integrity, query, sqlite_path
from headrace.base.errors import HeadraceError, InvalidParameter, StoreError
from headrace.store.address import parse_address
from headrace.store.engine import Store, open_store
from headrace.store.filelock import FileLock
from headrace.store.migrate import check
from headrace.store.transaction import RunRef

# One process loads the program and forks: 64 interpreters, and as many drivers, would take most of the test's time to start.
OPEN_AT_ONCE = """
import json, os, sys
import sqlalchemy.dialects.mysql.pymysql, sqlalchemy.dialects.postgresql.psycopg
import headrace.store.dialects.mysql, headrace.store.dialects.postgresql, headrace.store.dialects.sqlite
from headrace.base.errors import HeadraceError
from headrace.store.engine import open_store
from headrace.store.keys import intern_keys

url, count = sys.argv[1], int(sys.argv[2])
gate, go = os.pipe()
children = []
for number in range(count):
    inbox, outbox = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(gate, 1)  # ends for all when the parent closes its end
        try:
            store = open_store(url)
            answer = store.writer.call(lambda tx: intern_keys(tx, ["shared", f"own{number}"]))
            store.close()
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        os.write(outbox, json.dumps(answer).encode())
        os._exit(0)
    os.close(outbox)
    children.append((child, inbox))
os.close(go)
answers = []
for child, inbox in children:
    answers.append(json.loads(os.read(inbox, 65536) or b'{"error": "died"}'))
    os.waitpid(child, 0)
print(json.dumps(answers))
"""


def test_64_processes_open_a_new_store_at_once(make_database: Callable[..., str]) -> None:
    url, count = make_database(empty=True), 64
    ran = subprocess.run(
        [sys.executable, "-c", OPEN_AT_ONCE, url, str(count)], check=True, capture_output=True, text=True
    )
    answers = json.loads(ran.stdout)
    assert [answer for answer in answers if "error" in answer] == []
    assert len({answer["shared"] for answer in answers}) == 1
    assert len({answer[f"own{number}"] for number, answer in enumerate(answers)}) == count
    assert check(url) == []
    assert query(url, "SELECT count(*) FROM hr_key") == [(count + 1,)]
    check_integrity(url)


def test_a_store_is_there_again_after_a_close(
    store: Store, url: str, make_run: Callable[..., RunRef]
) -> None:
    make_run(store)
    store.close()
    again = open_store(url)
    with again.read() as conn:
        assert conn.rows("SELECT run_id FROM hr_run") == [("r1",)]
    again.close()


@pytest.mark.databases("sqlite", reason="the lock file of SQLite's writers")
def test_a_transaction_waits_for_the_lock_of_all_writers(store: Store, url: str) -> None:
    lock = FileLock(Path(f"{sqlite_path(url)}.lock"))
    done: list[int] = []
    writing = threading.Thread(
        target=lambda: done.append(
            store.writer.call(lambda tx: tx.insert("INSERT INTO hr_key (name) VALUES (?)", ("a",)))
        )
    )
    with lock.held():
        writing.start()
        writing.join(0.3)
        assert done == []
    writing.join(30)
    lock.close()
    assert done == [1]


def test_a_reader_sees_one_snapshot_while_others_write(store: Store, make_run: Callable[..., RunRef]) -> None:
    make_run(store, "r1")
    with store.read() as conn:
        assert conn.row("SELECT count(*) FROM hr_run") == (1,)
        make_run(store, "r2")
        assert conn.row("SELECT count(*) FROM hr_run") == (1,)
    with store.read() as conn:
        assert conn.row("SELECT count(*) FROM hr_run") == (2,)


def test_a_reader_that_fails_gives_its_connection_back(store: Store) -> None:
    for _ in range(20):
        with pytest.raises(Exception, match="nowhere"), store.read() as conn:
            conn.rows("SELECT * FROM nowhere")
    with store.read() as conn:
        assert conn.row("SELECT 1") == (1,)


@pytest.mark.parametrize("text", ["store.db", "", "sqlite:/store.db", "C:\\store.db"])
def test_a_text_that_is_no_url_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"is no database URL.*sqlite:///headrace\.db"):
        parse_address(text)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidParameter, match=r"The folder '.*nowhere' of the store .* does not exist; create it"
    ):
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'store.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(url: str) -> None:
    with pytest.raises(InvalidParameter, match="would lose every run at exit"):
        open_store(url)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(HeadraceError, match="unable to open database file"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_store_that_cannot_be_opened_keeps_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("not a database " * 100, "utf-8")
    gc.collect()  # what other tests have left
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(StoreError, match="damaged"):
            open_store(f"sqlite:///{tmp_path / 'store.db'}")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an unprivileged user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


NOBODY = 65534


def _open_unprivileged(url: str, answers: "multiprocessing.queues.Queue[str]") -> None:
    if os.geteuid() == 0:  # permissions do not bind root
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        store = open_store(url)
        store.close()
    except HeadraceError as error:
        answers.put(f"{error.status} {error.message}")
    except BaseException as error:
        answers.put(repr(error))
        raise
    else:
        answers.put("opened")


def _ask_unprivileged(url: str) -> str:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=_open_unprivileged, args=(url, answers))
    process.start()
    answer: str = answers.get(timeout=30)
    process.join()
    return answer


def test_a_folder_that_cannot_be_written_is_said(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    answer = _ask_unprivileged(f"sqlite:///{open_folder / 'store.db'}")
    open_folder.chmod(0o755)
    assert answer.startswith("503 The lock file")
    assert "(Permission denied)" in answer
    assert "Check the folder's permissions" in answer


def test_a_file_that_cannot_be_written_is_said(open_folder: Path) -> None:
    url = f"sqlite:///{open_folder / 'store.db'}"
    (open_folder / "store.db").touch()
    (open_folder / "store.db").chmod(0o444)
    open_folder.chmod(0o777)
    answer = _ask_unprivileged(url)
    assert answer.startswith("503 sqlite:///")
    assert "store.db: The database file cannot be written or read" in answer
    assert "permissions" in answer
