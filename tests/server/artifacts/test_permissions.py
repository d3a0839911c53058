"""The permission on a path is that of the run whose folder it lies in."""

import sqlite3
from pathlib import Path

from server.artifacts.running import FILES, JSON, Server, serve


def test_permission_on_a_path_is_that_of_the_run_whose_id_stands_in_it(tmp_path: Path) -> None:
    with serve(tmp_path, "--locked") as server:
        mine, my_root = server.new_run()
        theirs_experiment = seed_experiment(server, "mlflow-artifacts:/1")
        theirs, their_root = seed_run(server, theirs_experiment, f"mlflow-artifacts:/1/{'b' * 32}/artifacts")
        (server.root / their_root).mkdir(parents=True)
        (server.root / their_root / "f").write_bytes(b"theirs")
        assert server.put(f"{my_root}/f", b"mine").status == 200
        assert server.get(f"{their_root}/f").body == b"theirs"
        for method, target in (
            ("PUT", f"{FILES}/{their_root}/f"),
            ("PUT", f"{FILES}/{their_root}/new"),
            ("PUT", f"{FILES}/./{their_root}/new"),
            ("PUT", f"{FILES}/{their_root.replace('/', '%2f')}/new"),
            ("DELETE", f"{FILES}/{their_root}/f"),
            ("DELETE", f"{FILES}/{their_root}"),
            ("DELETE", f"{FILES}/1/{theirs}"),
            ("DELETE", f"{FILES}/1"),
            ("DELETE", f"{FILES}/0"),
            ("PUT", f"{FILES}/1/{mine}/artifacts/f"),
            ("PUT", f"{FILES}/loose"),
            ("POST", f"/api/2.0/mlflow/upload-artifact?run_id={theirs}&path=f"),
            ("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{their_root}/f"),
        ):
            answer = server.ask(method, target, b"{}" if method != "DELETE" else None, JSON)
            assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED"), (method, target)
        assert server.get(f"{their_root}/f").body == b"theirs"
        assert server.ask("DELETE", f"{FILES}/{my_root}/f").json == {}


def test_location_inside_somebody_elses_folder_gives_no_right_to_it(tmp_path: Path) -> None:
    with serve(tmp_path, "--locked") as server:
        theirs_experiment = seed_experiment(server, "mlflow-artifacts:/1")
        theirs, their_root = seed_run(server, theirs_experiment, f"mlflow-artifacts:/1/{'b' * 32}/artifacts")
        trojan, _ = seed_run(server, 0, f"mlflow-artifacts:/{their_root}", run_id="c" * 32)
        answer = server.ask("POST", f"/api/2.0/mlflow/upload-artifact?run_id={trojan}&path=f", b"evil")
        assert answer.status == 403
        assert theirs in answer.json["message"]
        assert server.get(f"{their_root}/f").status == 404


def seed_experiment(server: Server, location: str) -> int:
    """Write an experiment into the store past the policy, as another user would have."""
    with sqlite3.connect(server.folder / "store.db") as database:
        number = database.execute(
            "INSERT INTO hr_experiment (name, artifact_location, deleted, created_at, updated_at) VALUES ('e', ?, 0, 0, 0)",
            (location,),
        ).lastrowid
    database.close()
    assert number
    return number


def seed_run(server: Server, experiment: int, uri: str, run_id: str = "b" * 32) -> tuple[str, str]:
    """Write a run into the store past the policy; return its id and the key of its artifacts."""
    with sqlite3.connect(server.folder / "store.db") as database:
        database.execute(
            "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
            "VALUES (?, ?, ?, 'r', 'u', 1, 0, ?, 0)",
            (run_id, experiment, 2 * experiment, uri),
        )
    database.close()
    return run_id, uri.partition(":/")[2]


def test_without_proxy_too_a_location_gives_no_right_to_somebody_elses_folder(tmp_path: Path) -> None:
    with serve(tmp_path, "--locked", "--no-serve-artifacts") as server:
        experiment = seed_experiment(server, f"{server.root}/1")
        theirs, _ = seed_run(server, experiment, f"{server.root}/1/{'b' * 32}/artifacts")
        trojan, _ = seed_run(server, 0, f"{server.root}/1/{theirs}/artifacts", run_id="c" * 32)
        mine, _ = seed_run(server, 0, f"{server.root}/0/{'d' * 32}/artifacts", run_id="d" * 32)
        for run_id, status in ((theirs, 403), (trojan, 403), (mine, 200)):
            target = f"/api/2.0/mlflow/upload-artifact?run_id={run_id}&path=f"
            assert server.ask("POST", target, b"data").status == status
        assert (server.root / "0" / mine / "artifacts" / "f").read_bytes() == b"data"
        assert not (server.root / "1").exists()
