"""The options of MLflow's server, all of them: what they do here, and what is said of those that do nothing."""

import re
from pathlib import Path
from typing import Any

import pytest

TOKEN = "vK3-9zXw_TqLm2Rb7Yp0"

# Every option of `mlflow server --help` of 3.17.2, 2.22.5 and 1.30.1 that means nothing here, and what is said of it.
WITHOUT_EFFECT = {
    "--read-replica-backend-store-uri": "sqlite:///replica.db",
    "--registry-store-uri": "sqlite:///registry.db",
    "--uvicorn-opts": "--log-level debug",
    "--gunicorn-opts": "--timeout 180 --keep-alive 60",
    "--waitress-opts": "--threads=8",
    "--dev": None,
    "--trace-archival-config": "archive.yaml",
    "--secrets-cache-ttl": "30",
    "--secrets-cache-max-size": "500",
    "--workspace-store-uri": "sqlite:///workspaces.db",
    "--enable-workspaces": None,
    "--workers": "4",
    "--app-name": "basic-auth",
    "--expose-prometheus": "prometheus-folder",
}


def test_every_option_of_mlflow_is_accepted_and_what_means_nothing_gets_one_line(
    start_server: Any, tmp_path: Path
) -> None:
    (tmp_path / "t").write_text(TOKEN)
    (tmp_path / "t").chmod(0o600)
    idle = [word for pair in WITHOUT_EFFECT.items() for word in pair if word is not None]
    server = start_server(
        *("--backend-store-uri", "sqlite:///own.db", "--default-artifact-root", "s3://bucket/root"),
        *("--serve-artifacts", "--artifacts-destination", "own-artifacts", "--host", "127.0.0.1"),
        *(
            "--static-prefix",
            "/ml",
            "--allowed-hosts",
            "ml.example",
            "--cors-allowed-origins",
            "https://ml.example",
        ),
        *("--x-frame-options", "DENY", "--token-file", "t"),
        *idle,
    )
    notes = server.notes()
    assert len(notes) == len(WITHOUT_EFFECT)
    for option in WITHOUT_EFFECT:
        (note,) = [note for note in notes if re.match(rf"note: {option}\b(?!-)", note)]
        assert len(note) > len(option) + 20
    assert server.ask("GET", "/ml/health").status == 200
    assert not (tmp_path / "prometheus-folder").exists()


def test_the_short_forms_of_mlflow_are_accepted(start_server: Any) -> None:
    server = start_server("-h", "localhost", "-p", "0", "-w", "1", port=False)
    assert server.ask("GET", "/health").status == 200
    assert server.notes() == []


def test_registry_store_equal_to_the_store_needs_no_word(start_server: Any) -> None:
    server = start_server("--registry-store-uri", "sqlite:///headrace.db")
    assert server.notes() == []


def test_options_that_ask_for_tls_are_told_where_to_get_it(start_server: Any) -> None:
    (note,) = start_server("--uvicorn-opts", "--ssl-keyfile k --ssl-certfile c").notes()
    assert "put a proxy in front" in note


def test_artifacts_only_answers_the_artifact_proxy_and_nothing_else(start_server: Any) -> None:
    server = start_server("--artifacts-only")
    refused = server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    assert refused.status == 501
    assert "--artifacts-only" in refused.json()["message"]
    path = "/api/2.0/mlflow-artifacts/artifacts/0/run/file.txt"
    connection = server.connect()
    connection.request("PUT", path, b"content")
    assert connection.getresponse().read() is not None
    connection.close()
    assert server.ask("GET", path).body == b"content"
    assert server.ask("GET", "/health").status == 200


def test_without_artifacts_new_experiments_point_past_the_server(start_server: Any, tmp_path: Path) -> None:
    server = start_server("--no-serve-artifacts", "--default-artifact-root", "s3://bucket/root")
    assert "artifacts s3://bucket/root (not through this server)" in server.line
    found = server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0").json()
    assert found["experiment"]["artifact_location"].startswith("s3://bucket/root")
    assert not (tmp_path / "headrace-artifacts").exists()


def test_artifacts_only_without_artifacts_is_refused(run_command: Any) -> None:
    ran = run_command("server", "--port", "0", "--artifacts-only", "--no-serve-artifacts")
    assert ran.returncode == 1
    assert "nothing to serve" in ran.stderr


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("./mlruns", "is a folder"),
        ("mlruns", "is a folder"),
        ("file:///data/mlruns", "is a folder"),
        ("runs.db", "sqlite:///runs.db"),
        ("/data/runs.sqlite", "sqlite:////data/runs.sqlite"),
        ("postgresql://u:secret-word@h/db", "postgresql"),
        ("http://127.0.0.1:5000", "is not supported"),
        ("sqlite:///no/such/folder/x.db", "does not exist"),
    ],
)
def test_a_store_that_is_not_there_is_answered_with_what_to_do(run_command: Any, uri: str, said: str) -> None:
    ran = run_command("server", "--port", "0", "--backend-store-uri", uri)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert said in ran.stderr
    assert "secret-word" not in ran.stderr


def test_metrics_count_calls_by_endpoint_only_when_asked_for(start_server: Any) -> None:
    assert start_server().ask("GET", "/metrics").status == 404
    server = start_server("--expose-prometheus", "folder")
    for _ in range(3):
        assert server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0").status == 200
    server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=77")
    server.ask("GET", "/no/such/place")
    server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": "evil.example"})
    answer = server.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.body.decode()
    calls = 'headrace_http_requests_total{endpoint="%s",method="GET",status="%s"} %s\n'
    assert calls % ("experiments.get", 200, "3.0") in text
    assert calls % ("experiments.get", 404, "1.0") in text
    assert calls % ("none", 404, "1.0") in text
    assert calls % ("none", 403, "1.0") in text
    assert 'headrace_http_request_duration_seconds_count{endpoint="experiments.get"} 4.0\n' in text
    assert "headrace_http_requests_in_progress 1.0\n" in text
    assert "process_resident_memory_bytes" in text


def test_options_come_from_the_environment_by_both_names_and_ours_wins(
    start_server: Any, tmp_path: Path
) -> None:
    server = start_server(
        port=False,
        env={
            "MLFLOW_PORT": "1",
            "HEADRACE_PORT": "0",
            "MLFLOW_BACKEND_STORE_URI": "sqlite:///theirs.db",
            "HEADRACE_BACKEND_STORE_URI": "",
            "HEADRACE_ARTIFACTS_DESTINATION": "ours",
            "MLFLOW_ARTIFACTS_DESTINATION": "theirs",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "ml.example",
            "MLFLOW_SERVER_X_FRAME_OPTIONS": "NONE",
            "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
            "MLFLOW_STATIC_PREFIX": "/deep/down",
            "MLFLOW_EXPOSE_PROMETHEUS": "folder",
            "MLFLOW_WORKERS": "8",
            "HEADRACE_WORKERS": "1",
        },
    )
    assert server.port > 1
    assert (tmp_path / "theirs.db").is_file()
    assert (tmp_path / "ours").is_dir()
    assert not (tmp_path / "theirs").exists()
    assert "x-frame-options" not in server.ask("GET", "/health").headers
    assert server.ask("GET", "/metrics", headers={"Host": "ml.example"}).status == 200
    assert server.ask("GET", "/metrics", headers={"Host": "evil.example"}).status == 403
    assert server.ask("GET", "/deep/down/health").status == 200
    (note,) = server.notes()
    assert "--expose-prometheus" in note


def test_an_option_wins_over_the_environment(start_server: Any, tmp_path: Path) -> None:
    start_server(
        "--backend-store-uri", "sqlite:///given.db", env={"HEADRACE_BACKEND_STORE_URI": "sqlite:///env.db"}
    )
    assert (tmp_path / "given.db").is_file()
    assert not (tmp_path / "env.db").exists()


@pytest.mark.parametrize("value", ["false", "0", "no", "off"])
def test_serving_artifacts_is_switched_off_by_the_environment(
    start_server: Any, tmp_path: Path, value: str
) -> None:
    start_server(env={"MLFLOW_SERVE_ARTIFACTS": value})
    assert not (tmp_path / "headrace-artifacts").exists()


def test_an_env_file_sets_what_is_not_set_yet(start_server: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        "# a server\nexport MLFLOW_BACKEND_STORE_URI='sqlite:///from-file.db'\n"
        "MLFLOW_ARTIFACTS_DESTINATION=from-file # ours\n"
    )
    start_server("--env-file", "settings.env", env={"MLFLOW_ARTIFACTS_DESTINATION": "from-environment"})
    assert (tmp_path / "from-file.db").is_file()
    assert (tmp_path / "from-environment").is_dir()
    assert not (tmp_path / "from-file").exists()


def test_an_env_file_may_stand_before_the_command_as_with_mlflow(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("MLFLOW_ARTIFACTS_ONLY=true\nMLFLOW_SERVE_ARTIFACTS=false\n")
    ran = run_command("--env-file", "settings.env", "server", "--port", "0")
    assert "nothing to serve" in ran.stderr


def test_an_env_file_that_is_none_is_a_mistake_of_usage(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("A=1\nthis is no variable\n")
    for name, said in (("settings.env", "settings.env:2"), ("no-such.env", "no-such.env")):
        ran = run_command("server", "--env-file", name)
        assert ran.returncode == 2
        assert said in ran.stderr
