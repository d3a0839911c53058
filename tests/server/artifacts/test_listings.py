"""Listings of artifacts have MLflow's shape; calls that are not there say so."""

from pathlib import Path

from server.artifacts.running import FILES, JSON, Server, serve


def test_run_listing_has_paths_from_the_runs_root_sorted_and_one_level_deep(server: Server) -> None:
    run_id, root = server.new_run()
    for name in ("b.txt", "a/x.txt", "a/é.bin", "a/deep/y", "B"):
        assert server.put(f"{root}/{name}", b"12345").status == 200
    root_uri = f"mlflow-artifacts:/{root}"
    top = [
        {"path": "B", "is_dir": False, "file_size": 5},
        {"path": "a", "is_dir": True},
        {"path": "b.txt", "is_dir": False, "file_size": 5},
    ]
    inner = [
        {"path": "a/deep", "is_dir": True},
        {"path": "a/x.txt", "is_dir": False, "file_size": 5},
        {"path": "a/é.bin", "is_dir": False, "file_size": 5},
    ]
    for fields, files in (
        ({"run_id": run_id}, top),
        ({"run_uuid": run_id, "path": ""}, top),
        ({"run_id": run_id, "path": "."}, top),
        ({"run_id": run_id, "path": "a"}, inner),
        ({"run_id": run_id, "path": "a/"}, inner),
    ):
        assert server.call("GET", "artifacts/list", **fields).json == {"root_uri": root_uri, "files": files}


def test_listing_a_file_or_nothing_names_the_root_alone(server: Server) -> None:
    run_id, root = server.new_run()
    server.put(f"{root}/f", b"1")
    for path in ("f", "none", "f/below"):
        answer = server.call("GET", "artifacts/list", run_id=run_id, path=path)
        assert (answer.status, answer.json) == (200, {"root_uri": f"mlflow-artifacts:/{root}"})


def test_listing_an_unknown_run_is_not_found(server: Server) -> None:
    assert server.call("GET", "artifacts/list", run_id="none").json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert server.call("GET", "artifacts/list").json["error_code"] == "INVALID_PARAMETER_VALUE"


def test_proxy_listing_is_relative_to_its_folder_and_hides_the_private_one(
    server: Server, folder: str
) -> None:
    server.put(f"{folder}/d/f", b"123")
    for prefix in ("/api", "/ajax-api"):
        answer = server.ask("GET", f"{prefix}/2.0/mlflow-artifacts/artifacts?path={folder}/d")
        assert answer.json == {"files": [{"path": "f", "is_dir": False, "file_size": 3}]}
    assert server.ask("GET", f"{FILES}?path={folder}").json == {"files": [{"path": "d", "is_dir": True}]}
    assert server.ask("GET", f"{FILES}?path=none").json == {}
    names = [entry["path"] for entry in server.ask("GET", FILES).json["files"]]
    assert folder in names
    assert ".headrace-tmp" not in names
    for target in (f"{FILES}?path=.headrace-tmp", f"{FILES}/.headrace-tmp/x", f"{FILES}/.HEADRACE-TMP/x"):
        assert server.ask("GET", target).status == 400


def test_custom_location_of_an_experiment_is_where_its_runs_list(server: Server, folder: str) -> None:
    run_id, root = server.new_run(server.new_experiment(f"mlflow-artifacts:/{folder}/a b"))
    assert root == f"{folder}/a b/{run_id}/artifacts"
    server.put(f"{root}/f", b"1")
    listed = server.call("GET", "artifacts/list", run_id=run_id).json
    assert listed["files"] == [{"path": "f", "is_dir": False, "file_size": 1}]
    assert (server.root / folder / "a b" / run_id / "artifacts" / "f").read_bytes() == b"1"


def test_multipart_and_presigned_calls_say_that_they_are_not_there(server: Server) -> None:
    run_id, root = server.new_run()
    for step in ("create", "complete", "abort"):
        answer = server.ask(
            "POST", f"/api/2.0/mlflow-artifacts/mpu/{step}/{root}", b'{"path":"x","num_parts":2}', JSON
        )
        assert (answer.status, answer.json["error_code"]) == (501, "NOT_IMPLEMENTED")
        # The words that make MLflow's clients fall back to a plain upload.
        words = "Multipart upload is not supported for the current artifact repository"
        assert answer.json["message"].startswith(words)
    answer = server.ask("GET", f"/api/2.0/mlflow-artifacts/presigned/{root}/x")
    assert (answer.status, answer.json["error_code"]) == (501, "NOT_IMPLEMENTED")
    words = "Multipart download is not supported for the current artifact repository"
    assert answer.json["message"].startswith(words)
    for call in ("artifacts/presigned-upload-url", "artifacts/presigned-download-url"):
        for fields, status in (
            ({"run_id": run_id, "path": "x"}, 400),
            ({"run_id": run_id}, 400),
            ({"path": "x"}, 400),
            ({"run_id": "none", "path": "x"}, 404),
            ({"run_id": run_id, "path": "../x"}, 400),
        ):
            assert server.call("POST", call, **fields).status == status
    elsewhere = server.call("POST", "runs/create", experiment_id=server.new_experiment("s3://b/x")).json[
        "run"
    ]["info"]
    assert (
        server.call("POST", "artifacts/presigned-upload-url", run_id=elsewhere["run_id"], path="x").status
        == 501
    )
    bad = server.call("POST", "artifacts/presigned-download-url", run_id=run_id, path="x", expiration=0)
    assert "expiration" in bad.json["message"]
    both = server.call("POST", "artifacts/presigned-upload-url", run_id=run_id, model_id="m-1", path="x")
    assert "Exactly one" in both.json["message"]


def test_server_without_artifacts_answers_503_and_lists_its_own_default_root(tmp_path: Path) -> None:
    with serve(tmp_path, "--no-serve-artifacts") as server:
        for method, target in (
            ("GET", f"{FILES}/x"),
            ("HEAD", f"{FILES}/x"),
            ("PUT", f"{FILES}/x"),
            ("DELETE", f"{FILES}/x"),
            ("GET", f"{FILES}?path=x"),
            ("POST", "/api/2.0/mlflow-artifacts/mpu/create/x"),
            ("GET", "/api/2.0/mlflow-artifacts/presigned/x"),
        ):
            answer = server.ask(method, target, b"{}" if method in {"PUT", "POST"} else None, JSON)
            assert answer.status == 503
            if method != "HEAD":
                assert "--serve-artifacts" in answer.json["message"]
        info = server.call("POST", "runs/create", experiment_id="0").json["run"]["info"]
        assert info["artifact_uri"] == f"{server.root}/0/{info['run_id']}/artifacts"
        artifacts = Path(info["artifact_uri"])
        artifacts.mkdir(parents=True)
        (artifacts / "f").write_bytes(b"by the client")
        listed = server.call("GET", "artifacts/list", run_id=info["run_id"]).json
        assert listed == {
            "root_uri": info["artifact_uri"],
            "files": [{"path": "f", "is_dir": False, "file_size": 13}],
        }
        assert server.ask("GET", f"/get-artifact?run_id={info['run_id']}&path=f").body == b"by the client"
