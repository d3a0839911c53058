"""A server of this version and one of the next on one database, over an upgrade that only adds: both serve, and the old one may be restarted."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import headrace
from databases import query
from headrace.store.revision import SCHEMA_REVISION
from serving import Server, start_server

NEXT = "0004"
assert SCHEMA_REVISION < NEXT, "name the next revision here"

REVISION = f'''
"""A colour for every run, and an index to find it by."""

import sqlalchemy as sa
from alembic import op

from headrace.store.column_types import text

revision = "{NEXT}"
down_revision = "{SCHEMA_REVISION}"
oldest = "{SCHEMA_REVISION}"


def upgrade() -> None:
    """Add both while servers go on."""
    op.add_column("hr_run", sa.Column("colour", text(20)))
    op.create_index("hr_run_by_colour", "hr_run", ["colour"], postgresql_concurrently=True)
'''


@pytest.fixture(scope="module")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which Python finds the next version of headrace."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "headrace"
    shutil.copytree(
        Path(headrace.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "static")
    )
    store = package / "store"
    (store / "migrations" / "versions" / f"{NEXT}_colours.py").write_text(REVISION.lstrip(), "utf-8")
    for path, pattern, new in (
        ("revision.py", r'SCHEMA_REVISION = "\d+"', f'SCHEMA_REVISION = "{NEXT}"'),
        ("tables/runs.py", r'    UniqueConstraint\("run_id"\),', '    Column("colour", text(20)),\n    Index(None, "colour"),\n    UniqueConstraint("run_id"),'),
    ):  # fmt: skip
        text, count = re.subn(pattern, new, (store / path).read_text("utf-8"), count=1)
        assert count == 1, path
        (store / path).write_text(text, "utf-8")
    environ = {"PYTHONPATH": str(folder)}
    made = subprocess.run(
        [sys.executable, "-c", "import sys, tables_made; sys.stdout.buffer.write(tables_made.build())"],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[2] / 'tools'}"},
    )
    (store / "tables_made.py").write_bytes(made.stdout)
    return environ


def _run_command(*words: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headrace", *words],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | (environ or {}),
        timeout=120,
    )


def _call(server: Server, path: str, **body: Any) -> Any:
    request = urllib.request.Request(
        f"{server.url}/api/2.0/mlflow/{path}",
        json.dumps(body).encode() if body else None,
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def _create_run(server: Server, name: str) -> str:
    run = _call(server, "runs/create", experiment_id="0", run_name=name, start_time=1)
    return str(run["run"]["info"]["run_id"])


def _find_names(server: Server) -> set[str]:
    return {run["info"]["run_name"] for run in _call(server, "runs/search", experiment_ids=["0"])["runs"]}


class Load:
    """Writes steps of a metric, one after the other, until it is told to stop."""

    def __init__(self, server: Server, run_id: str) -> None:
        self.answered = 0
        self.longest_s = 0.0
        self.errors: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(server, run_id))
        self._thread.start()

    def _write(self, server: Server, run_id: str) -> None:
        for step in itertools.count():
            if self._stop.is_set():
                return
            started = time.monotonic()
            try:
                _call(
                    server, "runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=step, step=step
                )
            except OSError as error:
                self.errors.append(repr(error))
                return
            self.answered += 1
            self.longest_s = max(self.longest_s, time.monotonic() - started)

    def stop(self) -> None:
        """Let it finish its last step."""
        self._stop.set()
        self._thread.join(90)


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    return make_database(empty=True)


@pytest.fixture
def old(url: str, tmp_path: Path) -> Iterator[Server]:
    with start_server(tmp_path / "old", backend_store_uri=url) as server:
        yield server


@pytest.mark.databases("postgresql", "mysql", reason="of a file there is one server")
def test_old_and_new_servers_work_side_by_side_over_an_upgrade(
    url: str, old: Server, next_version: dict[str, str], tmp_path: Path
) -> None:
    load = Load(old, _create_run(old, "before"))
    try:
        planned = _run_command("db", "upgrade", "--check", url, environ=next_version)
        assert planned.returncode == 1, planned.stderr
        assert f"{NEXT}: A colour for every run" in planned.stdout
        assert "servers may go on" in planned.stdout
        with pytest.raises(
            RuntimeError, match=rf"needs {NEXT}. Its servers may go on meanwhile.*headrace db upgrade"
        ):
            start_server(tmp_path / "new", environ=next_version, backend_store_uri=url)

        seen = load.answered
        upgraded = _run_command("db", "upgrade", url, environ=next_version)
        assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
        assert query(url, "SELECT version_num, oldest FROM hr_version") == [(NEXT, SCHEMA_REVISION)]
        assert load.answered > seen

        with start_server(tmp_path / "new", environ=next_version, backend_store_uri=url) as new:
            _create_run(new, "by the new one")
            query(url, "UPDATE hr_run SET colour = 'red' WHERE name = ?", "by the new one")
            _create_run(old, "by the old one")
            assert _find_names(old) == _find_names(new) == {"before", "by the old one", "by the new one"}

            load.stop()
            assert load.errors == []
            assert load.longest_s < 10
            assert old.stop() == 0
            with start_server(tmp_path / "old", backend_store_uri=url, port=old.port) as again:
                _create_run(again, "by the old one, restarted")
                assert "by the old one, restarted" in _find_names(new)
                assert query(url, "SELECT colour FROM hr_run WHERE name = ?", "by the new one") == [("red",)]
                assert _call(new, "experiments/search", max_results=10)["experiments"]
    finally:
        load.stop()
    (points,) = query(url, "SELECT points FROM hr_series")[0]
    assert points == load.answered > 10

    left = _run_command("db", "check", url)
    assert left.returncode == 1
    assert (
        f"is of revision {NEXT}: this version of headrace ({SCHEMA_REVISION}) may use it, but cannot check it"
        in left.stdout
    )
    assert _run_command("db", "check", url, environ=next_version).stdout == "The schema is as it should be.\n"
    assert _run_command("db", "upgrade", "--check", url, environ=next_version).returncode == 0
