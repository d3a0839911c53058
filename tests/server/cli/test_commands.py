"""The commands that read and change what a server holds: tables that fit, JSON that parses, errors of one line."""

import contextlib
import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from headrace.api.ingest import RunBlock
from headrace.client import connect

Ran = subprocess.CompletedProcess[str]


def _lines(ran: Ran) -> list[Any]:
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def server(start_server: Any) -> Any:
    return start_server()


@pytest.fixture
def headrace(server: Any, run_command: Any) -> Any:
    """A function that runs a command against the server."""

    def run(*arguments: str, **options: Any) -> Ran:
        ran: Ran = run_command(*arguments, env={"MLFLOW_TRACKING_URI": server.url}, **options)
        assert "Traceback" not in ran.stderr
        return ran

    return run


def _make_run(server: Any, experiment_id: str, name: str, accuracy: float, **params: str) -> str:
    created = server.post(
        "runs/create", experiment_id=experiment_id, run_name=name, start_time=1_700_000_000_000
    )
    run_id: str = created.json()["run"]["info"]["run_id"]
    metrics = [{"key": "accuracy", "value": accuracy, "step": 3, "timestamp": 1_700_000_000_001}]
    answer = server.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=metrics,
        params=[{"key": key, "value": value} for key, value in params.items()],
    )
    assert answer.status == 200
    return run_id


def test_an_experiment_lives_through_its_commands(headrace: Any) -> None:
    (created,) = _lines(headrace("experiments", "create", "team/a", "--tag", "owner=me=you", "--json"))
    assert created["name"] == "team/a"
    (shown,) = _lines(headrace("experiments", "show", "team/a", "--json"))
    assert (shown["experiment_id"], shown["tags"]) == (
        created["experiment_id"],
        [{"key": "owner", "value": "me=you"}],
    )
    assert (
        headrace("experiments", "rename", "team/a", "team/b").stdout
        == "Renamed experiment 'team/a' to 'team/b'.\n"
    )
    assert _lines(headrace("experiments", "show", created["experiment_id"], "--json"))[0]["name"] == "team/b"
    assert headrace("experiments", "delete", "team/b").returncode == 0
    names = [e["name"] for e in _lines(headrace("experiments", "list", "--json"))]
    assert names == ["Default"]
    assert [e["name"] for e in _lines(headrace("experiments", "list", "--deleted", "--json"))] == ["team/b"]
    assert headrace("experiments", "restore", "team/b").returncode == 0
    found = _lines(headrace("experiments", "list", "--filter", "name LIKE 'team/%'", "--json"))
    assert [e["name"] for e in found] == ["team/b"]


def test_runs_are_found_filtered_and_ordered(headrace: Any, server: Any) -> None:
    low = _make_run(server, "0", "low", 0.1, model="tree")
    high = _make_run(server, "0", "high", 0.9, model="tree")
    other = _make_run(server, "0", "other", 0.5, model="net")
    ordered = _lines(headrace("runs", "list", "--order-by", "metrics.accuracy DESC", "--json"))
    assert [run["info"]["run_id"] for run in ordered] == [high, other, low]
    found = _lines(
        headrace(
            *("runs", "list", "-e", "Default", "--order-by", "metrics.accuracy ASC", "--json"),
            *("--filter", "params.model = 'tree' AND metrics.accuracy > 0.05"),
        )
    )
    assert [run["info"]["run_id"] for run in found] == [low, high]
    limited = _lines(headrace("runs", "list", "--limit", "1", "--order-by", "metrics.accuracy ASC", "--json"))
    assert [run["info"]["run_id"] for run in limited] == [low]


def test_tables_fit_80_columns_and_never_cut_an_id(headrace: Any, server: Any) -> None:
    run_id = _make_run(server, "0", "a name that is much longer than what a table has room for", 1 / 3)
    table = headrace("runs", "list").stdout
    assert run_id in table
    assert "0.333333" in table
    assert "…" in table
    assert max(map(len, table.splitlines())) <= 80
    chosen = headrace("runs", "list", "--columns", "metrics.accuracy,params.none,tags.mlflow.runName").stdout
    assert chosen.splitlines()[0].split() == ["Run", "id", "Name", "Status", "accuracy", "none", "mlflow.ru…"]
    assert max(map(len, chosen.splitlines())) <= 80


def test_a_run_is_shown_deleted_and_restored(headrace: Any, server: Any) -> None:
    run_id = _make_run(server, "0", "mine", 0.25, depth="3")
    text = headrace("runs", "show", run_id).stdout
    for part in (run_id, "mine", "running", "accuracy  0.25  (step 3)", "depth  3", "mlflow-artifacts:/0/"):
        assert part in text
    (shown,) = _lines(headrace("runs", "show", run_id, "--json"))
    assert shown["data"]["params"] == [{"key": "depth", "value": "3"}]
    assert headrace("runs", "delete", run_id).returncode == 0
    assert _lines(headrace("runs", "list", "--json")) == []
    assert "deleted" in headrace("runs", "list", "--deleted").stdout
    assert _lines(headrace("runs", "restore", run_id, "--json")) == [{"run_id": run_id}]
    assert len(_lines(headrace("runs", "list", "--json"))) == 1


def test_all_points_of_a_metric_come_back_exactly(headrace: Any, server: Any) -> None:
    run_id = _make_run(server, "0", "curve", 0.0)
    values = [0.1, 1e-300, 5e-324, -0.0, "NaN", "Infinity", "-Infinity", 2**53 + 2.0]
    points = [
        {"key": "loss", "value": value, "step": step, "timestamp": 5} for step, value in enumerate(values)
    ]
    assert server.post("runs/log-batch", run_id=run_id, metrics=points).status == 200
    read = _lines(headrace("runs", "metrics", run_id, "loss", "--json"))
    assert [(point["step"], point["value"]) for point in read] == list(enumerate(values))
    table = headrace("runs", "metrics", run_id, "loss", "--limit", "6")
    assert "NaN" in table.stdout
    assert "Infinity" in table.stdout
    assert table.stderr == "There are more than these 6; see --limit and --json.\n"
    assert [point["key"] for point in _lines(headrace("runs", "metrics", run_id, "--json"))] == [
        "accuracy",
        "loss",
    ]


def test_artifacts_go_there_and_back(headrace: Any, server: Any, tmp_path: Path) -> None:
    run_id = _make_run(server, "0", "files", 0.0)
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "ä b.bin").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "one.txt").write_text("one")
    assert headrace("artifacts", "upload", run_id, "one.txt", "--path", "texts").returncode == 0
    assert headrace("artifacts", "upload", run_id, "given").returncode == 0
    listed = _lines(headrace("artifacts", "list", run_id, "--json"))
    assert {entry["path"] for entry in listed} >= {"texts"}
    assert headrace("artifacts", "download", run_id, "-d", "back").returncode == 0
    assert (tmp_path / "back" / "texts" / "one.txt").read_text() == "one"
    (found,) = (tmp_path / "back").rglob("ä b.bin")
    assert found.read_bytes() == bytes(range(256)) * 9
    assert headrace("artifacts", "delete", run_id, "texts/one.txt").returncode == 1  # nobody said yes
    assert _lines(headrace("artifacts", "list", run_id, "texts", "--json")) == [
        {"path": "texts/one.txt", "is_dir": False, "file_size": 3}
    ]
    assert headrace("artifacts", "delete", run_id, "texts/one.txt", given="y\n").returncode == 0
    assert _lines(headrace("artifacts", "list", run_id, "texts", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("runs", "show", "nosuchrun"), 1, "'nosuchrun'"),
        (("runs", "list", "--filter", "metrics.a >"), 1, "column 12"),
        (("runs", "list", "-e", "nowhere"), 1, "'nowhere'"),
        (("runs", "list", "--columns", "accuracy"), 1, "metrics.KEY"),
        (("runs", "list", "--limit", "0"), 2, "--limit"),
        (("runs", "metrics", "nosuchrun", "loss"), 1, "'nosuchrun'"),
        (("experiments", "create", "Default"), 1, "Default"),
        (("experiments", "create", "x", "--tag", "no-equals"), 1, "KEY=VALUE"),
        (("experiments", "show", "12345"), 1, "'12345'"),
        (("artifacts", "upload", "nosuchrun", "no-such-file"), 2, "no-such-file"),
        (("no-such-command",), 2, "no-such-command"),
    ],
)
def test_a_mistake_is_one_line_on_standard_error(
    common_server: Any, run_command: Any, arguments: tuple[str, ...], status: int, said: str
) -> None:
    for options in ((), ("--json",)) if status == 1 else ((),):
        ran = run_command(*arguments, *options, env={"MLFLOW_TRACKING_URI": common_server.url})
        assert ran.returncode == status
        assert ran.stdout == ""
        assert said in ran.stderr
        lines = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1
        assert status == 2 or ran.stderr.splitlines() == lines


def test_a_server_that_is_not_there_is_one_line(run_command: Any) -> None:
    ran = run_command(
        "runs", "list", "--tracking-uri", "http://127.0.0.1:9", env={"HEADRACE_HTTP_REQUEST_MAX_RETRIES": "0"}
    )
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("Error: ")
    assert "127.0.0.1:9" in ran.stderr


def test_without_a_server_the_commands_use_the_database_in_the_folder(
    run_command: Any, tmp_path: Path
) -> None:
    (created,) = _lines(run_command("experiments", "create", "local", "--json"))
    assert (tmp_path / "headrace.db").is_file()
    listed = _lines(run_command("experiments", "list", "--json", "--tracking-uri", "sqlite:///headrace.db"))
    assert [e["name"] for e in listed if e["experiment_id"] == created["experiment_id"]] == ["local"]


def test_the_address_on_the_command_line_wins(server: Any, run_command: Any, tmp_path: Path) -> None:
    ran = run_command(
        *("experiments", "create", "here", "--tracking-uri", server.url),
        env={"HEADRACE_TRACKING_URI": "sqlite:///elsewhere.db"},
    )
    assert ran.returncode == 0
    assert not (tmp_path / "elsewhere.db").exists()
    assert server.ask("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=here").status == 200


def test_names_cannot_steer_a_terminal(headrace: Any, server: Any) -> None:
    run_id = _make_run(server, "0", "\u001b[2Jgone\u0007 [bold red]x[/] \u202eover", 0.0)
    for arguments in (("runs", "list"), ("runs", "show", run_id)):
        text = headrace(*arguments).stdout
        assert "\u001b" not in text
        assert "\u0007" not in text
        assert "\u202e" not in text
    assert "[bold red]" in headrace("runs", "show", run_id).stdout


def test_a_database_is_checked_and_upgraded(run_command: Any, tmp_path: Path) -> None:
    (missing,) = _json_of(run_command("db", "check", "sqlite:///new.db", "--json"), status=1)["problems"]
    assert "headrace db upgrade" in missing
    assert _json_of(run_command("db", "upgrade", "sqlite:///new.db", "--json"))["done"]
    assert (tmp_path / "new.db").is_file()
    assert _json_of(run_command("db", "check", "sqlite:///new.db", "--json"))["problems"] == []
    assert "Nothing to do" in run_command("db", "upgrade", "sqlite:///new.db").stdout
    wrong = run_command("db", "check", "nothing-like-a-url")
    assert wrong.returncode == 1
    assert len(wrong.stderr.splitlines()) == 1


def _json_of(ran: Ran, status: int = 0) -> Any:
    assert ran.returncode == status, ran.stderr
    return json.loads(ran.stdout)


def test_the_slashes_in_names_make_a_tree(headrace: Any) -> None:
    for name in ("team/vision/first", "team/vision/second", "team/text", "team", "alone"):
        assert headrace("experiments", "create", name).returncode == 0
    assert headrace("experiments", "tree").stdout.splitlines() == [
        "/",
        "├─ Default (id 0)",
        "├─ alone (id 5)",
        "├─ team/ (3)",
        "│  ├─ text (id 3)",
        "│  └─ vision/ (2)",
        "│     ├─ first (id 1)",
        "│     └─ second (id 2)",
        "└─ team (id 4)",
    ]


def test_a_folder_of_the_tree_is_shown_alone(headrace: Any) -> None:
    for name in ("team/vision/first", "team/visionary", "other"):
        headrace("experiments", "create", name)
    assert headrace("experiments", "tree", "team/vision/").stdout.splitlines() == [
        "team/vision/",
        "└─ first (id 1)",
    ]


def test_a_folder_that_does_not_exist_is_refused(headrace: Any) -> None:
    ran = headrace("experiments", "tree", "nowhere")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "'nowhere/'" in ran.stderr


def test_an_upgrade_says_what_it_cannot_mend(run_command: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'torn.db'}"
    assert run_command("db", "upgrade", url).returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "torn.db")) as torn:
        torn.execute("DROP TABLE hr_lease")
    ran = run_command("db", "upgrade", url)
    assert ran.returncode == 1
    assert "Still to do by hand" in ran.stdout
    assert "hr_lease" in ran.stdout


def test_the_ledger_tells_what_became_of_records(headrace: Any, server: Any) -> None:
    run_id = _make_run(server, "0", "first", 0.1, lr="0.1")
    assert "No process has sent records" in headrace("runs", "ledger", run_id).stdout
    with connect(server.url) as client:
        block = RunBlock(run_id=run_id, params=[("lr", "0.2"), ("depth", "3")])
        client.ingest.send("writer-of-the-test", 1, [block])
    (told,) = _lines(headrace("runs", "ledger", run_id, "--json"))
    assert [(each["writer"], each["stored"], each["rejected"]) for each in told["writers"]] == [
        ("writer-of-the-test", 1, 1)
    ]
    assert [each["what"] for each in told["rejections"]] == ["param 'lr'"]
    shown = headrace("runs", "ledger", run_id).stdout
    assert "writer-o" in shown
    assert "param 'lr'" in shown
    unknown = headrace("runs", "ledger", "0" * 32)
    assert unknown.returncode == 1
    assert unknown.stderr.count("\n") == 1
