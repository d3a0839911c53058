"""What is kept of packages between processes: it is believed while they are as they were, and whatever happens to the file only costs time."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headrace.base.installed import Metadata, MetadataFolder, find_metadata
from headrace.base.user_folders import STATE, find_user_folder
from headrace.fluent.provenance import known_packages
from headrace.fluent.provenance.facts import Facts, read_facts
from headrace.fluent.provenance.known_packages import KnownPackages, find_cache
from headrace.fluent.provenance.packages import read_packages

SECOND_NS = 1_000_000_000


def install(site: Path, version: str = "1.0", digest: str = "abc") -> Path:
    folder = site / "shape-1.0.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Shape\nVersion: {version}\n\nText\n")
    (folder / "RECORD").write_text(f"shape.py,sha256={digest},10\n")
    return folder


def make_later(path: Path) -> None:
    """As if the change had come a second later, however coarse the clock of the file system is."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + SECOND_NS))


def reinstall(folder: Path) -> None:
    shutil.rmtree(folder)
    install(folder.parent, digest="xyz")


def write_record(folder: Path) -> None:
    (folder / "RECORD").write_text("shape.py,sha256=xyz,10\n")
    make_later(folder / "RECORD")


def write_metadata(folder: Path) -> None:
    (folder / "METADATA").write_text("Name: Shape\nVersion: 1.1\n\n")
    make_later(folder / "METADATA")


def request(folder: Path) -> None:
    (folder / "REQUESTED").touch()
    make_later(folder)


def remove_metadata(folder: Path) -> None:
    (folder / "METADATA").unlink()
    make_later(folder)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders whose files were read."""
    seen: list[str] = []

    def read(metadata: Metadata) -> Facts | None:
        seen.append(getattr(metadata, "path", ""))
        return read_facts(metadata)

    monkeypatch.setattr(known_packages, "read_facts", read)
    return seen


def ask(file: Path | None, site: Path, prefix: str = "/env") -> list[Facts | None]:
    """As a process does: what is known, then what is there, and what was found is kept."""
    known = KnownPackages(file, prefix)
    found = [known.find(metadata) for metadata in find_metadata([str(site)])]
    known.keep()
    return found


def test_what_one_process_has_read_the_next_one_knows(tmp_path: Path, reads: list[str]) -> None:
    folder, file = install(tmp_path / "site"), tmp_path / "cache" / "packages" / "env.msgpack"
    first = ask(file, tmp_path / "site")
    assert first == [read_facts(MetadataFolder(str(folder)))]
    assert reads == [str(folder)]
    assert ask(file, tmp_path / "site") == first
    assert reads == [str(folder)], "the second process has read nothing"
    assert file.parent.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["env.msgpack"]


@pytest.mark.parametrize("change", [reinstall, write_record, write_metadata, request, remove_metadata])
def test_a_package_that_has_changed_is_read_again(
    tmp_path: Path, reads: list[str], change: Callable[[Path], None]
) -> None:
    folder, file = install(tmp_path / "site"), tmp_path / "env.msgpack"
    before = ask(file, tmp_path / "site")
    change(folder)
    after = ask(file, tmp_path / "site")
    assert after == [read_facts(MetadataFolder(str(folder)))]
    assert after != before
    assert len(reads) == 2
    assert ask(file, tmp_path / "site") == after
    assert len(reads) == 2, "and is known from then on"


def test_what_is_known_is_not_written_again(tmp_path: Path) -> None:
    folder, file = install(tmp_path / "site"), tmp_path / "env.msgpack"
    ask(file, tmp_path / "site")
    written = file.stat()
    ask(file, tmp_path / "site")
    assert file.stat().st_ino == written.st_ino
    shutil.rmtree(folder)
    ask(file, tmp_path / "site")
    assert str(folder).encode() not in file.read_bytes(), "what is gone is forgotten"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"not this",
        msgspec.msgpack.encode({"format": 2, "prefix": "/env", "packages": {}}),
        msgspec.msgpack.encode({"format": 1, "prefix": "/env", "packages": {"x": [1, 2]}}),
    ],
)
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes, reads: list[str]) -> None:
    install(tmp_path / "site")
    file = tmp_path / "env.msgpack"
    file.write_bytes(content)
    (found,) = ask(file, tmp_path / "site")
    assert found is not None
    assert found.name == "Shape"
    assert ask(file, tmp_path / "site") == [found]
    assert len(reads) == 1


def test_another_environment_of_the_same_digest_is_not_believed(tmp_path: Path, reads: list[str]) -> None:
    install(tmp_path / "site")
    ask(tmp_path / "env.msgpack", tmp_path / "site")
    ask(tmp_path / "env.msgpack", tmp_path / "site", "/other")
    assert len(reads) == 2


def test_where_nothing_can_be_kept_packages_are_read_each_time(tmp_path: Path, reads: list[str]) -> None:
    install(tmp_path / "site")
    (tmp_path / "file").touch()
    for place in (None, tmp_path / "file" / "packages" / "env.msgpack"):
        reads.clear()
        assert ask(place, tmp_path / "site") == ask(place, tmp_path / "site") != []
        assert len(reads) == 2


def test_files_of_environments_that_are_gone_are_removed(tmp_path: Path) -> None:
    install(tmp_path / "site")
    file = tmp_path / "packages" / "env.msgpack"
    file.parent.mkdir()
    old, new = file.with_name("old.msgpack"), file.with_name("new.msgpack")
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    ask(file, tmp_path / "site")
    assert sorted(path.name for path in file.parent.iterdir()) == ["env.msgpack", "new.msgpack"]


def test_this_environment_is_known_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path))
    plain = read_packages()
    assert len(plain) > 50
    for _ in range(2):
        known = KnownPackages.of_this_interpreter()
        assert read_packages(read=known.find) == plain
        known.keep()
    assert len(list((tmp_path / "packages").iterdir())) == 1


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", "~nobody-of-this-name/cache")
    assert find_cache() is None


def test_the_cache_lies_where_the_platform_has_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("HEADRACE_CACHE_DIR")
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert find_cache() == Path("/somewhere/.cache/headrace")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert find_cache() == Path("/caches/headrace")
    assert find_user_folder(STATE) == Path("/somewhere/.local/state/headrace")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert find_cache() == Path("/somewhere/Library/Caches/headrace")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert (find_cache(), find_user_folder(STATE)) == (Path("/local/headrace/cache"), Path("/local/headrace"))
    monkeypatch.setenv("HEADRACE_CACHE_DIR", "/elsewhere")
    assert find_cache() == Path("/elsewhere")
