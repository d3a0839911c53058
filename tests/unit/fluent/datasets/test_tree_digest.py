"""SHA-256 of files and folders: what ``sha256sum`` says, and read once."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets import tree_digest
from headrace.fluent.datasets.tree_digest import digest_files, digest_listing
from headrace.fluent.file_walk import find_files


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, content in {
        "b.csv": b"b",
        "a/x.bin": b"x" * 100_000,
        "a/ü.txt": "ü".encode(),
        "A.txt": b"",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return root


def make_old(folder: Path) -> None:
    """Let the files look as if nobody had touched them for a while."""
    before = time.time() - 60
    for name in find_files(folder):
        os.utime(folder / name, (before, before))


def test_a_folder_has_the_digest_of_its_listing(folder: Path) -> None:
    names = ["A.txt", "a/x.bin", "a/ü.txt", "b.csv"]
    listing = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    )
    found = digest_listing(digest_files(folder, find_files(folder)))
    assert found == hashlib.sha256(listing.encode()).hexdigest()
    if sys.platform == "linux":
        assert found == run_the_command_of_the_docstring(folder)


def run_the_command_of_the_docstring(folder: Path) -> str:
    """Return what the user's own tools say."""
    command = next(
        line for line in (tree_digest.__doc__ or "").splitlines() if "sha256sum | sha256sum" in line
    )
    command = command.strip().removeprefix("cd folder && ")
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True, text=True)
    return ran.stdout.split()[0]


def test_files_are_told_one_by_one(folder: Path) -> None:
    files = {file.path: file for file in digest_files(folder, find_files(folder))}
    assert list(files) == ["A.txt", "a/x.bin", "a/ü.txt", "b.csv"]
    assert files["b.csv"].sha256 == hashlib.sha256(b"b").hexdigest()
    assert files["a/x.bin"].size == 100_000


def test_what_has_not_changed_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_digest, "SETTLED_NS", -1)  # a file's change time cannot be set back
    first = digest_files(folder, find_files(folder))
    monkeypatch.setattr(tree_digest.hashlib, "file_digest", None)
    assert digest_files(folder, find_files(folder)) == first


def test_what_has_changed_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_digest, "SETTLED_NS", -1)
    make_old(folder)
    before = digest_listing(digest_files(folder, find_files(folder)))
    stat = (folder / "b.csv").stat()
    (folder / "b.csv").write_bytes(b"c")
    os.utime(folder / "b.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as if nothing had been
    assert digest_listing(digest_files(folder, find_files(folder))) != before


def test_a_file_that_was_just_written_is_not_remembered(folder: Path, tmp_path: Path) -> None:
    digest_files(folder, find_files(folder))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"\x81\xa1a\x01"])
def test_a_damaged_memory_is_no_harm(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(tree_digest, "SETTLED_NS", -1)
    first = digest_files(folder, find_files(folder))
    (place,) = (tmp_path / "cache").rglob("*.msgpack")
    place.write_bytes(content)
    assert digest_files(folder, find_files(folder)) == first


def test_a_cache_that_cannot_be_written_is_no_harm(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tree_digest, "SETTLED_NS", -1)
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "file"))
    assert len(digest_files(folder, find_files(folder))) == 4


def test_links_to_files_are_followed_and_to_folders_not(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder / "b.csv")
    (folder / "loop").symlink_to(folder)
    names = find_files(folder)
    assert "link.csv" in names
    assert not any(name.startswith("loop/") for name in names)


def test_a_broken_link_is_named(folder: Path) -> None:
    (folder / "broken").symlink_to(folder / "nowhere")
    with pytest.raises(InvalidParameter, match="broken"):
        digest_files(folder, find_files(folder))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="nowhere"):
        find_files(tmp_path / "nowhere")
