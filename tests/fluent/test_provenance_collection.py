"""How the provenance of a run is collected: git is asked while other parts are found out, and what was found out once is not asked again."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import headrace as hr
from headrace.fluent import provenance
from headrace.fluent.provenance import collection
from headrace.fluent.provenance.git import Changes, WorkTree

GIT_THREAD = "headrace-provenance-git"
TREE = WorkTree("/srv/code", "1f2e", "trunk", "")
CHANGES = Changes(b"", 0, (), (), 0)


@pytest.fixture(autouse=True)
def _begins_as_a_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_PROVENANCE")
    for cached in (
        collection._find_environment_once,
        collection._describe_environment_once,
        collection._read_git_once,
        collection._find_tree_once,
    ):
        cached.cache_clear()


@pytest.fixture
def record(uri: str, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], set[str]]]:
    """Record some parts of a run; what its process.json tells, and the names of its files."""

    def begin(*parts: str) -> tuple[dict[str, Any], set[str]]:
        with hr.start_run(provenance=list(parts)) as run:
            pass
        assert provenance.wait(20)
        hr.flush_async_logging()
        names = {
            Path(found.path).name for found in hr.MlflowClient().list_artifacts(run.info.run_id, "provenance")
        }
        return json.loads(hr.artifacts.load_text(f"runs:/{run.info.run_id}/provenance/process.json")), names

    return begin


Record = Callable[..., tuple[dict[str, Any], set[str]]]


def is_asking() -> bool:
    return any(thread.name == GIT_THREAD for thread in threading.enumerate())


def test_while_git_is_asked_the_other_parts_are_found_out(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    are_found = threading.Event()
    find = collection._find_environment_once

    def answer(*_: object) -> tuple[WorkTree, Changes]:
        assert are_found.wait(20), "nothing else is done before git has answered"
        return TREE, CHANGES

    def find_late(stamps: collection.Stamps) -> object:
        found = find(stamps)
        are_found.set()
        return found

    monkeypatch.setattr(collection, "_ask_git", answer)
    monkeypatch.setattr(collection, "_find_environment_once", find_late)
    told, names = record("git", "diff", "entry", "seeds", "host", "variables", "packages")
    assert list(told) == ["format", "recorded_at", "git", "entry", "random", "host", "variables"]
    assert (told["git"]["commit"], told["git"]["changed"]) == ("1f2e", 0)
    assert {"environment.json", "requirements.txt"} <= names
    assert not is_asking()


@pytest.mark.parametrize(("parts", "expected"), [(("variables",), False), (("variables", "git"), True)])
def test_a_thread_is_begun_only_if_git_is_asked(
    record: Record, monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...], expected: bool
) -> None:
    have_looked = threading.Event()
    seen: list[bool] = []

    def answer(*_: object) -> tuple[None, None]:
        assert have_looked.wait(20)
        return None, None

    def look() -> dict[str, str]:
        seen.append(is_asking())
        have_looked.set()
        return {}

    monkeypatch.setattr(collection, "_ask_git", answer)
    monkeypatch.setattr(collection, "read_variables", look)
    told, _ = record(*parts)
    assert "problems" not in told
    assert seen == [expected]
    assert not is_asking()


def test_where_there_can_be_no_more_threads_git_is_asked_first(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(collection, "threading", SimpleNamespace(Thread=NoThread))
    monkeypatch.setattr(collection, "_ask_git", lambda *_: (TREE, CHANGES))
    told, _ = record("git", "variables")
    assert told["git"]["commit"] == "1f2e"
    assert "problems" not in told


@pytest.mark.parametrize(
    ("function", "part", "files"),
    [
        ("_ask_git", "diff, git", {"process.json", "environment.json", "requirements.txt"}),
        ("_find_environment_once", "packages", {"process.json"}),
    ],
)
def test_an_answer_that_is_not_got_is_noted_once(
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    function: str,
    part: str,
    files: set[str],
) -> None:
    monkeypatch.setattr(collection, function, lambda *_: 1 / 0)
    told, names = record("git", "diff", "packages", "variables")
    assert told["problems"] == {part: "ZeroDivisionError: division by zero"}
    assert "variables" in told
    assert names == files
    assert caplog.text.count("lacks a part") == 1


@pytest.mark.parametrize(("is_interactive", "times"), [(False, 1), (True, 2)])
def test_a_second_run_asks_git_again_only_in_a_notebook_and_reads_no_packages_again(
    record: Record, monkeypatch: pytest.MonkeyPatch, is_interactive: bool, times: int
) -> None:
    asked: list[str] = []

    def answer(*_: object) -> None:
        asked.append("git")

    def find(*given: Any, find: Callable[..., Any] = collection.find_packages) -> Any:
        asked.append("packages")
        return find(*given)

    monkeypatch.setattr(collection, "is_interactive", lambda: is_interactive)
    monkeypatch.setattr(collection, "find_work_tree", answer)
    monkeypatch.setattr(collection, "find_packages", find)
    for _ in range(2):
        _, names = record("git", "packages")
        assert "environment.json" in names
    assert (asked.count("git"), asked.count("packages")) == (times, 1)
