"""The guides do what they say: their programs are run, and what came of them is looked at by a client that knows nothing of them."""

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import headrace
from guides.blocks import DOCS, read_blocks, run, run_guide
from headrace.client import Client, connect
from serving import Server, start_server

GUIDES = ["quickstart.md", *sorted(f"guides/{path.name}" for path in (DOCS / "guides").glob("*.md"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("guides-server")) as started:
        yield started


def open_local(folder: Path) -> Client:
    return connect(f"sqlite:///{(folder / 'headrace.db').as_posix()}")


def headrace_command(folder: Path, *words: str, **environ: str) -> str:
    return run(folder, "-m", "headrace", *words, **environ)


def experiment_id(client: Client, name: str) -> str:
    return client.experiments.get_by_name(name).experiment_id


def names_of_runs(client: Client, experiment: str) -> dict[str, str]:
    found = client.runs.search([experiment_id(client, experiment)])
    return {run.info.run_name: str(run.info.status) for run in found}


def test_quickstart(tmp_path: Path, server: Server) -> None:
    said = run_guide("quickstart.md", tmp_path, server.url)
    with open_local(tmp_path) as local:
        assert names_of_runs(local, "quickstart") == {"first": "FINISHED"}
    with connect(server.url) as client:
        assert names_of_runs(client, "quickstart") == {"second": "FINISHED"}
    assert "{'loss': 0.04}" in said
    assert "first" in headrace_command(tmp_path, "runs", "list", "-e", "quickstart")


def test_tracking(tmp_path: Path) -> None:
    said = run_guide("guides/tracking.md", tmp_path)
    with open_local(tmp_path) as local:
        names = names_of_runs(local, "vision/digits")
    assert {"baseline", "fold 1"} <= set(names)
    assert set(names.values()) == {"FINISHED"}
    for word in (
        "model",
        "notes.txt",
        "loss.png",
        "mistakes.json",
        "toy",
        "system/cpu_utilization_percentage",
    ):
        assert word in said


def test_offline(tmp_path: Path) -> None:
    run_guide("guides/offline.md", tmp_path)
    (waiting,) = map(json.loads, headrace_command(tmp_path, "spool", "list", "--json").splitlines())
    assert waiting["uri"] == "http://127.0.0.1:9"
    assert waiting["records"] >= 102
    with open_local(tmp_path) as local:
        assert set(names_of_runs(local, "offline").values()) == {"FINISHED"}


def test_what_was_logged_offline_arrives_when_there_is_a_server(tmp_path: Path, server: Server) -> None:
    first = read_blocks("guides/offline.md")[0].text
    address = server.url
    with start_server(tmp_path / "later") as later:
        port, address = later.port, later.url
    (tmp_path / "train.py").write_text(first.replace("http://127.0.0.1:9", address))
    run_id = run(tmp_path, "train.py", HEADRACE_EXIT_WAIT_S="0").strip()
    with start_server(tmp_path / "later", port=port):
        headrace_command(tmp_path, "sync")
        with connect(address) as client:
            assert len(list(client.metrics.history(run_id, "loss"))) == 100
            assert client.runs.get(run_id).info.run_name == "on the train"


def test_distributed_and_preempted(tmp_path: Path, server: Server) -> None:
    run_guide("guides/distributed-and-preempted.md", tmp_path)
    place = {"HEADRACE_TRACKING_URI": server.url}
    run(tmp_path, "train.py", "64", "0", "10", HEADRACE_ATTEMPT="first", RANK="0", **place)
    run(tmp_path, "train.py", "32", "5", "20", HEADRACE_ATTEMPT="second", RANK="0", **place)
    with connect(server.url) as client:
        (found,) = client.runs.search([experiment_id(client, "distributed")])
        assert str(found.info.status) == "FINISHED"
        assert {param.key: param.value for param in found.data.params or ()} == {"batch_size": "32"}
        assert [point.step for point in client.metrics.history(found.info.run_id, "loss")] == list(range(20))


def test_ranks_of_a_job_have_one_run(tmp_path: Path, server: Server) -> None:
    (block,) = [block for block in read_blocks("guides/distributed-and-preempted.md") if block.file]
    (tmp_path / "train.py").write_text(block.text.replace('"distributed"', '"ranks"'))
    place = {"HEADRACE_TRACKING_URI": server.url, "HEADRACE_ATTEMPT": "one"}
    for rank in ("1", "0", "2"):
        first = str(int(rank) * 10)
        run(tmp_path, "train.py", "64", first, str(int(first) + 10), RANK=rank, **place)
    with connect(server.url) as client:
        (found,) = client.runs.search([experiment_id(client, "ranks")])
        assert sorted(point.step for point in client.metrics.history(found.info.run_id, "loss")) == list(
            range(30)
        )


def test_provenance(tmp_path: Path) -> None:
    said = run_guide("guides/provenance.md", tmp_path)
    for word in (
        "provenance/environment.json",
        "provenance/process.json",
        "provenance/requirements.txt",
        "changed since: []",
    ):
        assert word in said


def test_integrations(tmp_path: Path, server: Server) -> None:
    """The programs of the guide that need no more than headrace's own tests do; tests/integrations runs them all."""
    run_guide("guides/integrations.md", tmp_path, server.url, by_section=True)
    with open_local(tmp_path) as local:
        assert {"study", "trial 0", "trial 9"} <= set(names_of_runs(local, "optuna"))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_block_is_python_and_uses_names_that_are_there(guide: str) -> None:
    blocks = read_blocks(guide)
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hr":
                assert hasattr(headrace, node.attr), f"{guide}:{block.line + node.lineno - 1}: hr.{node.attr}"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_headrace_command_is_there(guide: str) -> None:
    for block in read_blocks(guide, "sh"):
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "headrace":
                options = [word for word in words if word.startswith("-")]
                names = []
                for word in words[1:]:
                    if not word.isalpha():
                        break
                    names.append(word)
                told = subprocess.run(
                    [sys.executable, "-m", "headrace", *names, "--help"],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert told.returncode == 0, line
                assert all(option in told.stdout for option in options), line


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_leads_somewhere(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    folder = (DOCS / guide).parent
    for target in (part.partition(")")[0] for part in text.split("](")[1:]):
        path, _, heading = target.partition("#")
        if "://" in path:
            continue
        file = (folder / path) if path else DOCS / guide
        assert file.exists(), target
        if heading:
            headings = [
                line.lstrip("# ").lower().replace(" ", "-")
                for line in file.read_text("utf-8").splitlines()
                if line.startswith("#")
            ]
            assert heading in headings, target
