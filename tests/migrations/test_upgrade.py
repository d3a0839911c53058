"""`headrace.store.migrate.upgrade`: what it changes, what it leaves alone, and that it is all or nothing."""

import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter, StoreError
from headrace.store.engine import open_store
from headrace.store.filelock import FileLock
from headrace.store.migrate import SCRIPTS, check, upgrade
from headrace.store.tables import SCHEMA_REVISION

ADD_COLUMN = """
    import sqlalchemy as sa
    from alembic import op

    revision = "9999"
    down_revision = "{head}"

    def upgrade():
        op.add_column("hr_run", sa.Column("colour", sa.Text()))
        op.execute("UPDATE hr_run SET colour = 'blue'")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The folder of a later headrace: it has one more revision."""
    folder = tmp_path / "later % migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = textwrap.dedent(ADD_COLUMN).replace("{head}", SCHEMA_REVISION)
    (folder / "versions" / "9999_colour.py").write_text(text, "utf-8")
    return folder


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _query(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def _make_with_a_run(path: Path) -> None:
    open_store(_url(path)).close()
    _execute(
        path,
        "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
        "VALUES ('r1', 1, 2, 'n', 'u', 1, 5, 'a', 0)",
    )


def _list_copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.backup"))


def test_an_empty_file_gets_the_whole_schema(path: Path) -> None:
    path.touch()
    assert upgrade(_url(path)) == [f"made the schema, at revision {SCHEMA_REVISION}"]
    assert check(_url(path)) == []
    open_store(_url(path)).close()


def test_a_second_upgrade_does_nothing(path: Path) -> None:
    upgrade(_url(path))
    before = path.read_bytes()
    assert upgrade(_url(path)) == []
    assert path.read_bytes() == before
    assert _list_copies(path) == []


@pytest.mark.parametrize(
    ("broken", "done"),
    [
        (["DROP INDEX hr_tag_by_scope_key_id_digest_run"], "made the index {} of hr_tag again"),
        (
            [
                "DROP INDEX hr_tag_by_scope_key_id_digest_run",
                "CREATE INDEX hr_tag_by_scope_key_id_digest_run ON hr_tag (scope)",
            ],
            "made the index {} of hr_tag anew",
        ),
    ],
    ids=["lost", "made otherwise"],
)
def test_an_index_is_mended(path: Path, broken: list[str], done: str) -> None:
    open_store(_url(path)).close()
    whole = _query(path, "SELECT * FROM sqlite_master ORDER BY name")
    _execute(path, *broken)
    assert len(check(_url(path))) == 1
    assert upgrade(_url(path)) == [done.format("hr_tag_by_scope_key_id_digest_run")]
    assert check(_url(path)) == []
    strip = [row[:3] + row[4:] for row in whole]
    assert [row[:3] + row[4:] for row in _query(path, "SELECT * FROM sqlite_master ORDER BY name")] == strip


def test_an_older_schema_is_copied_first_and_then_changed(path: Path, later: Path) -> None:
    _make_with_a_run(path)
    path.chmod(0o640)
    done = upgrade(_url(path), later)
    copies = _list_copies(path)
    assert len(copies) == 1
    assert done == [
        f"copied the database, at revision {SCHEMA_REVISION}, to {copies[0]}; remove the copy when all is well",
        f"brought the schema from revision {SCHEMA_REVISION} to 9999",
    ]
    assert _query(path, "SELECT run_id, colour FROM hr_run") == [("r1", "blue")]
    assert _query(path, "SELECT version_num FROM hr_version") == [("9999",)]
    assert check(_url(copies[0])) == []
    assert _query(copies[0], "SELECT run_id FROM hr_run") == [("r1",)]
    assert copies[0].stat().st_mode & 0o777 == 0o640
    assert upgrade(_url(path), later) == []


def test_a_revision_that_fails_changes_nothing(path: Path, later: Path) -> None:
    _make_with_a_run(path)
    revision = later / "versions" / "9999_colour.py"
    revision.write_text(revision.read_text("utf-8") + '    op.execute("SELECT nonsense")\n', "utf-8")
    with pytest.raises(StoreError, match=r"store\.db refused a statement: no such column: nonsense"):
        upgrade(_url(path), later)
    assert check(_url(path)) == []
    assert _query(path, "SELECT run_id FROM hr_run") == [("r1",)]


def test_an_upgrade_that_is_killed_changes_nothing_and_can_be_done_again(path: Path, later: Path) -> None:
    _make_with_a_run(path)
    revision = later / "versions" / "9999_colour.py"
    healthy = revision.read_text("utf-8")
    revision.write_text(healthy + "    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n", "utf-8")
    program = (
        "import sys, pathlib; from headrace.store.migrate import upgrade\n"
        "upgrade(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    ran = subprocess.run([sys.executable, "-c", program, _url(path), str(later)], check=False)
    assert ran.returncode == -9
    assert check(_url(path)) == []
    assert _query(path, "SELECT run_id FROM hr_run") == [("r1",)]
    revision.write_text(healthy, "utf-8")
    assert upgrade(_url(path), later)[-1] == f"brought the schema from revision {SCHEMA_REVISION} to 9999"
    assert _query(path, "SELECT run_id, colour FROM hr_run") == [("r1", "blue")]


def test_a_schema_of_a_newer_headrace_is_refused_with_the_remedy(path: Path, later: Path) -> None:
    upgrade(_url(path), later)
    before = path.read_bytes()
    for call in (upgrade, open_store):
        with pytest.raises(StoreError, match=r"revision 9999, written by a newer headrace .* Install that"):
            call(_url(path))
    assert path.read_bytes() == before


def test_a_start_on_an_older_schema_names_the_command(path: Path) -> None:
    open_store(_url(path)).close()
    _execute(path, "UPDATE hr_version SET version_num = '0000'")
    with pytest.raises(
        StoreError, match=rf"revision 0000.* needs {SCHEMA_REVISION}.*copy.*headrace db upgrade sqlite:///"
    ):
        open_store(_url(path))


def test_a_revision_that_nobody_knows_is_refused_and_left_alone(path: Path) -> None:
    open_store(_url(path)).close()
    _execute(path, "UPDATE hr_version SET version_num = '0000'")
    with pytest.raises(StoreError, match=rf"cannot be brought to revision {SCHEMA_REVISION}.*0000"):
        upgrade(_url(path))
    assert _query(path, "SELECT version_num FROM hr_version") == [("0000",)]


def test_an_upgrade_waits_for_whoever_writes(path: Path) -> None:
    open_store(_url(path)).close()
    _execute(path, "DROP INDEX hr_run_by_scope_start_time")
    lock = FileLock(Path(f"{path}.lock"))
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.extend(upgrade(_url(path))))
    with lock.held():
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert _query(path, "SELECT 1 FROM sqlite_master WHERE name = 'hr_run_by_scope_start_time'") == []
    thread.join(30)
    lock.close()
    assert done == ["made the index hr_run_by_scope_start_time of hr_run again"]


def test_wrong_urls_are_refused() -> None:
    for call in (upgrade, check):
        with pytest.raises(InvalidParameter, match="is no database URL"):
            call("just text")
        with pytest.raises(InvalidParameter, match="does not exist; create it first"):
            call("sqlite:////no/such/folder/store.db")
