"""From options to the settings of a server."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from headrace.base.errors import InvalidParameter
from headrace.base.settings import SERVER_SETTINGS
from headrace.cli.server import resolve_settings
from headrace.cli.server_notes import find_notes
from headrace.cli.server_options import ServerOptions, server_options

# `mlflow server --help` of 3.17.2, 2.22.5 and 1.30.1
MLFLOW_OPTIONS = {
    *(
        "--backend-store-uri",
        "--read-replica-backend-store-uri",
        "--registry-store-uri",
        "--default-artifact-root",
    ),
    *(
        "--serve-artifacts",
        "--no-serve-artifacts",
        "--artifacts-only",
        "--artifacts-destination",
        "--host",
        "-h",
    ),
    *("--port", "-p", "--workers", "-w", "--static-prefix", "--allowed-hosts", "--cors-allowed-origins"),
    *(
        "--disable-security-middleware",
        "--x-frame-options",
        "--gunicorn-opts",
        "--waitress-opts",
        "--uvicorn-opts",
    ),
    *("--dev", "--expose-prometheus", "--app-name", "--trace-archival-config", "--secrets-cache-ttl"),
    *("--secrets-cache-max-size", "--workspace-store-uri", "--enable-workspaces", "--disable-workspaces"),
}


@click.command()
@server_options
def probe(**chosen: Any) -> None:
    """Take the options and keep them."""
    click.get_current_context().obj.append(ServerOptions(**chosen))


def _parse(*arguments: str, env: dict[str, str] | None = None) -> ServerOptions:
    found: list[ServerOptions] = []
    ran = CliRunner(env=env).invoke(probe, arguments, obj=found, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return found[0]


def _refusal(*arguments: str) -> str:
    ran = CliRunner().invoke(probe, arguments, obj=[])
    assert ran.exit_code == 2
    return ran.stderr


def test_there_is_every_option_of_mlflow() -> None:
    here = {name for param in probe.params for name in (*param.opts, *param.secondary_opts)}
    assert here >= MLFLOW_OPTIONS


def test_every_option_can_be_set_by_the_environment() -> None:
    for param in probe.params:
        assert param.envvar == list(SERVER_SETTINGS[param.opts[0].removeprefix("--")].names)


def test_the_defaults_serve_this_machine_alone() -> None:
    options = _parse()
    settings = resolve_settings(options)
    assert (settings.address.host, settings.address.port) == ("127.0.0.1", 5000)
    assert settings.platform.store_url == "sqlite:///headrace.db"
    assert settings.platform.destination == "./headrace-artifacts"
    assert settings.guard.hosts == ("127.0.0.1",)
    assert (settings.guard.origins, settings.guard.token, settings.guard.frame_options) == (
        (),
        None,
        "SAMEORIGIN",
    )
    assert (settings.metrics, settings.artifacts_only) == (False, False)
    assert find_notes(options) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_needs_no_token(host: str) -> None:
    assert resolve_settings(_parse("--host", host)).guard.token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "::ffff:10.1.2.3"])
def test_beyond_loopback_consent_is_needed_and_enough(host: str) -> None:
    with pytest.raises(InvalidParameter, match="--token-file"):
        resolve_settings(_parse("--host", host))
    options = _parse("--host", host, "--allow-unauthenticated")
    assert resolve_settings(options).guard.token is None
    assert any("--allow-unauthenticated" in note for note in find_notes(options))


def test_the_name_that_the_server_is_bound_to_is_an_allowed_host() -> None:
    options = _parse("--host", "localhost", "--allowed-hosts", " ml.example ,*.lab.example,, ")
    assert resolve_settings(options).guard.hosts == ("localhost", "ml.example", "*.lab.example")


def test_disabling_security_opens_hosts_and_frames_says_so_and_keeps_the_check_of_origins() -> None:
    options = _parse("--disable-security-middleware")
    guard = resolve_settings(options).guard
    assert (guard.hosts, guard.frame_options, guard.origins) == (("*",), "", ())
    (note,) = find_notes(options)
    assert "hostile page" in note


@pytest.mark.parametrize("option", ["--allowed-hosts", "--cors-allowed-origins"])
def test_a_star_is_accepted_and_its_danger_said(option: str) -> None:
    (note,) = find_notes(_parse(option, "*"))
    assert note.startswith(f"{option} '*': ")


@pytest.mark.parametrize("prefix", ["ml", "/ml/", "/"])
def test_a_prefix_that_is_none_is_a_mistake_of_usage(prefix: str) -> None:
    assert "must begin with a '/'" in _refusal("--static-prefix", prefix)


@pytest.mark.parametrize("value", ["ALLOW-FROM https://x", "sometimes", "DENY\r\nX-Evil: 1", ""])
def test_frame_options_that_browsers_ignore_are_a_mistake_of_usage(value: str) -> None:
    assert "SAMEORIGIN, DENY or NONE" in _refusal("--x-frame-options", value)


@pytest.mark.parametrize(
    "arguments", [("--port", "65536"), ("--port", "-1"), ("--port", "x"), ("--workers", "many")]
)
def test_a_number_that_is_none_is_a_mistake_of_usage(arguments: tuple[str, str]) -> None:
    assert arguments[0] in _refusal(*arguments)


@pytest.mark.parametrize(("workers", "count"), [("1", 0), ("2", 1), ("16", 1)])
def test_more_workers_than_one_are_reduced_with_a_reason(workers: str, count: int) -> None:
    notes = find_notes(_parse("--workers", workers))
    assert len(notes) == count
    assert all("reduced to 1" in note and "commits" in note for note in notes)


def test_all_artifact_roots_reach_the_platform() -> None:
    platform = resolve_settings(
        _parse(
            "--default-artifact-root", "s3://b/r", "--artifacts-destination", "there", "--no-serve-artifacts"
        )
    ).platform
    assert (platform.default_root, platform.destination, platform.serve_artifacts) == (
        "s3://b/r",
        "there",
        False,
    )


def test_ours_wins_over_mlflow_in_the_environment_and_the_option_over_both() -> None:
    env = {"HEADRACE_HOST": "127.0.0.2", "MLFLOW_HOST": "127.0.0.3"}
    assert _parse(env=env).host == "127.0.0.2"
    assert _parse("--host", "127.0.0.4", env=env).host == "127.0.0.4"
    assert _parse(env={"MLFLOW_HOST": "127.0.0.3"}).host == "127.0.0.3"
