"""What git tells of a work tree: real repositories, made by the git program."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from headrace.fluent.provenance import git as module
from headrace.fluent.provenance.git import (
    Changes,
    Standing,
    WorkTree,
    find_root,
    find_work_tree,
    look_at,
    read_with_changes,
)

LIMIT = 1_000_000


class Repository:
    """A repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "trunk")

    def git(self, *words: str) -> str:
        command = [
            "git",
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
            "-c",
            "protocol.file.allow=always",
            *words,
        ]
        return subprocess.run(
            command, cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, name: str, data: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def commit(self) -> str:
        self.git("add", ".")
        self.git("commit", "-qm", "x")
        return self.git("rev-parse", "HEAD")

    @property
    def tree(self) -> WorkTree:
        tree = find_work_tree(self.folder)
        assert tree is not None
        return tree

    def read_changes(self, max_bytes: int = LIMIT) -> Changes:
        tree, changes = read_with_changes(self.folder, max_bytes, lambda: find_work_tree(self.folder))
        assert tree == self.tree
        assert changes is not None
        return changes


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "code")
    repository.write("train.py", "lr = 1\n")
    repository.write("lib/model.py", "layers = 2\n")
    repository.write("weights.bin", bytes(range(256)))
    repository.commit()
    return repository


def test_commit_branch_and_remote_are_told(repository: Repository) -> None:
    repository.git("remote", "add", "other", "https://example.com/other.git")
    repository.git("remote", "add", "origin", "https://me:hunter2@example.com/a.git")
    told = find_work_tree(repository.folder / "lib")
    assert told == WorkTree(
        str(repository.folder.resolve()),
        repository.git("rev-parse", "HEAD"),
        "trunk",
        "https://example.com/a.git",
    )


def test_without_origin_the_first_remote_counts(repository: Repository) -> None:
    repository.git("remote", "add", "upstream", "git@example.com:a/b.git")
    repository.git("remote", "add", "zeta", "git@example.com:z.git")
    assert repository.tree.remote == "git@example.com:a/b.git"


def test_a_detached_head_has_no_branch(repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")
    assert (repository.tree.branch, repository.tree.commit) == ("", repository.git("rev-parse", "HEAD"))


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "new")
    repository.write("train.py", "lr = 1\n")
    tree = repository.tree
    assert (tree.commit, tree.branch) == ("", "trunk")
    assert repository.read_changes().untracked == ["train.py"]


def test_a_folder_outside_of_git_has_no_work_tree(tmp_path: Path) -> None:
    assert find_work_tree(tmp_path) is None
    assert find_work_tree(tmp_path / "missing") is None
    assert look_at(tmp_path) is find_root(tmp_path) is None


def test_a_work_tree_that_ignores_the_program_is_none_of_its_own(repository: Repository) -> None:
    repository.write(".gitignore", "scratch/\n")
    script = repository.write("scratch/try.py", "")
    assert find_work_tree(script.parent, str(script)) is None
    assert find_work_tree(repository.folder, str(repository.folder / "train.py")) is not None


def test_a_git_command_around_the_training_does_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    assert repository.tree.root == str(repository.folder.resolve())


def test_the_diff_gives_the_work_tree_back(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "diff.noprefix", "true")
    repository.git("config", "diff.external", "false")
    repository.git("config", "color.ui", "always")
    repository.write("train.py", "lr = 2\n")
    repository.write("weights.bin", bytes(reversed(range(256))))
    (repository.folder / "lib/model.py").unlink()
    repository.write("neu/größe.py", "x = 'ä'\n")
    repository.git("add", "neu")
    changes = repository.read_changes()
    assert (changes.changed, changes.left_out, changes.is_dirty) == (4, [], True)
    clone = tmp_path / "clone"
    repository.git("clone", "-q", str(repository.folder), str(clone))
    subprocess.run(["git", "apply", "-"], cwd=clone, input=changes.diff, check=True)
    assert (clone / "train.py").read_text() == "lr = 2\n"
    assert (clone / "weights.bin").read_bytes() == bytes(reversed(range(256)))
    assert (clone / "neu/größe.py").read_text("utf-8") == "x = 'ä'\n"
    assert not (clone / "lib/model.py").exists()


def test_a_clean_work_tree_has_no_diff(repository: Repository) -> None:
    os.utime(repository.folder / "train.py")
    changes = repository.read_changes()
    assert (changes.diff, changes.changed, changes.is_dirty) == (b"", 0, False)
    assert look_at(repository.folder / "lib") == Standing(repository.tree, is_clean=True)
    repository.write("train.py", "lr = 3\n")
    assert look_at(repository.folder) == Standing(repository.tree, is_clean=False)


def test_names_of_untracked_files_are_told_and_ignored_ones_are_not(repository: Repository) -> None:
    repository.write(".gitignore", "*.log\n")
    repository.write("a b.py", "")
    repository.write("x.log", "")
    changes = repository.read_changes()
    assert (changes.untracked, changes.untracked_count) == ([".gitignore", "a b.py"], 2)


def test_settings_of_git_hide_no_changes(repository: Repository) -> None:
    for name, value in (
        ("status.showUntrackedFiles", "no"),
        ("status.short", "true"),
        ("status.relativePaths", "true"),
    ):
        repository.git("config", name, value)
    repository.write("lib/new.py", "")
    repository.git("mv", "train.py", "lib/train.py")
    changes = repository.read_changes()
    assert (changes.untracked, changes.changed) == (["lib/new.py"], 2)


def test_what_was_staged_and_taken_back_is_no_change(repository: Repository) -> None:
    repository.write("train.py", "lr = 2\n")
    repository.git("add", "train.py")
    repository.write("train.py", "lr = 1\n")
    assert repository.read_changes().changed == 0


def test_outside_of_git_and_where_the_program_is_ignored_nothing_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    assert read_with_changes(tmp_path, LIMIT, lambda: None) == (None, None)
    assert read_with_changes(repository.folder, LIMIT, lambda: None) == (None, None)


def test_a_diff_that_is_too_large_keeps_whole_files_and_names_the_others(repository: Repository) -> None:
    repository.write("lib/model.py", "layers = 3\n")
    repository.write("train.py", "".join(f"x{number} = {number}\n" for number in range(10_000)))
    changes = repository.read_changes(2000)
    assert b"layers = 3" in changes.diff
    assert b"train.py" not in changes.diff
    assert len(changes.diff) < 2000
    assert changes.left_out == ["train.py"]
    subprocess.run(
        ["git", "apply", "--check", "-R", "-"], cwd=repository.folder, input=changes.diff, check=True
    )


def test_a_first_file_that_is_too_large_leaves_an_empty_diff(repository: Repository) -> None:
    repository.write("lib/model.py", "x = 1\n" * 10_000)
    changes = repository.read_changes(1000)
    assert (changes.diff, changes.left_out, changes.changed) == (b"", ["lib/model.py"], 1)


def test_files_with_secrets_stay_out_of_the_diff(repository: Repository) -> None:
    repository.write(".env", "PASSWORD=old\n")
    repository.write("conf/Secrets.yaml", "a: 1\n")
    repository.commit()
    repository.write(".env", "PASSWORD=correct-horse\n")
    repository.write("conf/Secrets.yaml", "a: battery-staple\n")
    repository.write("train.py", 'lr = 2\npassword = "correct-horse"\n')
    changes = repository.read_changes()
    assert sorted(changes.left_out) == [".env", "conf/Secrets.yaml"]
    assert b"lr = 2" in changes.diff
    assert b"horse" not in changes.diff
    assert b"staple" not in changes.diff


def test_nothing_that_the_repository_configures_is_run(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f'#!/bin/sh\ntouch {trap}\ncat "$1" 2>/dev/null\n')
    script.chmod(0o755)
    for setting in (
        "diff.external",
        "core.fsmonitor",
        "core.pager",
        "diff.trap.textconv",
        "diff.trap.command",
    ):
        repository.git("config", setting, str(script))
    repository.write(".gitattributes", "*.py diff=trap\n")
    repository.write("train.py", "lr = 2\n")
    assert b"lr = 2" in repository.read_changes().diff
    assert not trap.exists()


def test_a_partial_clone_fetches_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    first = repository.git("rev-parse", "HEAD")
    repository.write("train.py", "lr = 2\n")
    repository.commit()
    clone = tmp_path / "clone"
    source = repository.folder.as_uri()
    repository.git("clone", "-q", "--filter=blob:none", source, str(clone))
    partial = Repository(clone)
    partial.git(
        "update-ref", "HEAD", first
    )  # the work tree holds the second commit; the blobs of the first are not here
    packs = sorted((clone / ".git/objects").rglob("*"))
    changes = partial.read_changes()
    assert sorted((clone / ".git/objects").rglob("*")) == packs
    assert b"lr = 2" not in changes.diff


def test_a_file_is_tracked_or_not(repository: Repository) -> None:
    new = repository.write("new.py", "")
    for file, has_file in (
        (repository.folder / "train.py", True),
        (new, False),
        (new.with_name("gone"), False),
    ):
        tree = find_work_tree(repository.folder, str(file))
        assert tree is not None
        assert tree.has_file is has_file


def test_git_that_hangs_is_ended_with_all_that_it_has_started(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("config", "filter.slow.clean", "sleep 60")
    repository.write(".gitattributes", "*.py filter=slow\n")
    repository.write("train.py", "lr = 2\n")
    monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    begin = time.monotonic()
    changes = repository.read_changes()
    assert time.monotonic() - begin < 10
    assert (changes.diff, changes.changed) == (b"", None)


def test_without_git_there_is_no_work_tree(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_work_tree(repository.folder) is None
