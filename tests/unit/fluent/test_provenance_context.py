"""The tags that each new run gets."""

import getpass
import sys

import pytest

from headrace.base.errors import InvalidParameter
from headrace.fluent.provenance.context import context_tags, read_login


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUN_CONTEXT", "TRACKING_USERNAME", "USERNAME"):
        for prefix in ("HEADRACE_", "MLFLOW_"):
            monkeypatch.delenv(prefix + name, raising=False)


def test_user_and_source_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["code/train.py", "--token", "x"])
    assert context_tags() == {
        "mlflow.user": getpass.getuser(),
        "mlflow.source.name": "code/train.py",
        "mlflow.source.type": "LOCAL",
    }


@pytest.mark.parametrize("argv", [[""], []])
def test_without_a_program_the_source_is_a_console(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert context_tags()["mlflow.source.name"] == "<console>"


def test_the_user_of_the_tracking_server_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    assert context_tags()["mlflow.user"] == "ada"


def test_the_run_context_adds_tags_and_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", '{"team": "vision", "mlflow.user": "robot", "size": 3}')
    tags = context_tags()
    assert (tags["team"], tags["mlflow.user"], tags["size"]) == ("vision", "robot", "3")


@pytest.mark.parametrize("text", ["[1]", "{", "team=vision"])
def test_a_run_context_that_is_no_object_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", text)
    with pytest.raises(InvalidParameter, match="HEADRACE_RUN_CONTEXT or MLFLOW_RUN_CONTEXT"):
        context_tags()


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_007)
    assert read_login() == "4000000007"
