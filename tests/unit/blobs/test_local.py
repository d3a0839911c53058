"""The local store: complete or invisible, beneath its root, private, and clear about a full disk."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from headrace.base.errors import InternalError, InvalidParameter, NotFound, StorageFull
from headrace.blobs.beneath import NATIVE, Folder, PathFolder
from headrace.blobs.local import TEMPORARY, LocalStore
from headrace.blobs.store import BlobStat, BlobStore, Entry

MIB = 1 << 20


@pytest.fixture(
    params=sorted({NATIVE, PathFolder}, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LocalStore:
    kind: type[Folder] = request.param
    store = LocalStore(tmp_path / "root", folders=kind)
    store.prepare()
    return store


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the root with a file in it, which must be as it was when the test is over."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    yield folder
    assert [path.name for path in folder.iterdir()] == ["secret"]
    assert (folder / "secret").read_bytes() == b"secret"


def put(store: BlobStore, key: str, data: bytes) -> str:
    with store.open_writer(key) as writer:
        writer.write(data)
        return writer.commit().sha256


def write_and_stop(store: BlobStore, key: str) -> None:
    with store.open_writer(key) as writer:
        writer.write(b"x")
        raise RuntimeError("stop")


def get(store: BlobStore, key: str) -> bytes:
    with store.open_reader(key) as reader:
        return reader.read_at(0, reader.size + 1)


def files_beneath(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def test_committed_file_reads_back_with_its_size_and_digest(store: LocalStore) -> None:
    data = os.urandom(3 * MIB + 17)
    with store.open_writer("1/run/artifacts/model.bin") as writer:
        for start in range(0, len(data), 700_000):
            writer.write(memoryview(data)[start : start + 700_000])
        info = writer.commit()
    assert (info.key, info.size) == ("1/run/artifacts/model.bin", len(data))
    assert info.sha256 == hashlib.sha256(data).hexdigest()
    assert (store.root / info.key).read_bytes() == data
    assert store.stat(info.key) == BlobStat(info.key, False, len(data), info.mtime_ms)
    with store.open_reader(info.key) as reader:
        assert (reader.size, reader.mtime_ms) == (len(data), info.mtime_ms)
        assert reader.read_at(MIB, 10) == data[MIB : MIB + 10]
        assert reader.read_at(len(data) - 3, 10) == data[-3:]
        assert reader.read_at(len(data), 10) == b""


def test_empty_file_is_a_file(store: LocalStore) -> None:
    with store.open_writer("empty") as writer:
        assert writer.commit().sha256 == hashlib.sha256().hexdigest()
    assert get(store, "empty") == b""
    assert store.list_folder("") == [Entry("empty", False, 0)]


@pytest.mark.parametrize(
    "key", ["a b", "é/モデル.bin", "images/a+step+1.png", "a#b?c;d%20e", "-x", "$x", "x:y", "...x"]
)
def test_odd_but_legal_names_are_stored_literally(store: LocalStore, key: str) -> None:
    put(store, key, key.encode())
    assert files_beneath(store.root) == [key]
    assert get(store, key) == key.encode()
    assert store.delete(key) == 1


def test_nothing_is_visible_before_commit(store: LocalStore) -> None:
    with store.open_writer("a/b") as writer:
        writer.write(b"x" * MIB)
        assert store.list_folder("") == []
        assert store.list_folder("a") == []
        with pytest.raises(NotFound):
            store.stat("a/b")
        with pytest.raises(NotFound):
            store.open_reader("a/b")
        writer.commit()
    assert store.list_folder("") == [Entry("a", True, 0)]
    assert store.list_folder("a") == [Entry("b", False, MIB)]


def test_writer_left_without_commit_leaves_nothing(store: LocalStore) -> None:
    with store.open_writer("a/b") as writer:
        writer.write(b"x")
    with pytest.raises(RuntimeError, match="stop"):
        write_and_stop(store, "a/c")
    writer = store.open_writer("a/d")
    writer.abort()
    writer.abort()
    assert files_beneath(store.root) == []
    assert store.list_folder("") == []


def test_closed_writers_and_readers_refuse_to_go_on(store: LocalStore) -> None:
    writer = store.open_writer("a")
    writer.write(b"x")
    writer.commit()
    writer.abort()
    assert get(store, "a") == b"x"
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"y")
    with pytest.raises(ValueError, match="closed"):
        writer.commit()
    reader = store.open_reader("a")
    reader.close()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read_at(0, 1)


def test_open_reader_keeps_the_file_that_it_opened(store: LocalStore) -> None:
    put(store, "a", b"old")
    with store.open_reader("a") as reader:
        put(store, "a", b"new!")
        assert reader.read_at(0, 10) == b"old"
        store.delete("a")
        assert reader.read_at(1, 2) == b"ld"


def test_listing_is_sorted_and_one_level_deep(store: LocalStore) -> None:
    for key in ("d/z", "d/a", "d/B", "d/é", "d/sub/deep", "top"):
        put(store, key, b"12")
    assert store.list_folder("d") == [
        Entry("B", False, 2),
        Entry("a", False, 2),
        Entry("sub", True, 0),
        Entry("z", False, 2),
        Entry("é", False, 2),
    ]
    assert store.list_folder("") == [Entry("d", True, 0), Entry("top", False, 2)]


def test_listing_a_file_or_nothing_is_empty(store: LocalStore) -> None:
    put(store, "d/a", b"1")
    assert store.list_folder("d/a") == store.list_folder("none") == store.list_folder("d/a/b") == []


def test_missing_files_are_not_found_and_folders_are_no_files(store: LocalStore) -> None:
    put(store, "d/a", b"1")
    for key in ("none", "d/none", "none/a", "d/a/b"):
        with pytest.raises(NotFound, match="No such artifact: '"):
            store.open_reader(key)
        with pytest.raises(NotFound, match="No such artifact: '"):
            store.stat(key)
    with pytest.raises(InvalidParameter, match="'d' names a folder"):
        store.open_reader("d")
    assert store.stat("d").is_dir
    assert store.stat("").is_dir


def test_file_and_folder_never_replace_each_other(store: LocalStore) -> None:
    put(store, "d/a", b"1")
    with pytest.raises(InvalidParameter, match="is a folder"):
        store.open_writer("d")
    with pytest.raises(InvalidParameter, match="not a folder"):
        store.open_writer("d/a/b")
    early = store.open_writer("late")
    early.write(b"x")
    put(store, "late/a", b"1")
    with pytest.raises(InvalidParameter, match="is a folder"):
        early.commit()
    below = store.open_writer("e/f/g")
    put(store, "e/f", b"1")
    with pytest.raises(InvalidParameter, match="not a folder"):
        below.commit()
    assert files_beneath(store.root) == ["d/a", "e/f", "late/a"]


def test_delete_counts_files_and_removes_empty_parents(store: LocalStore) -> None:
    for key in ("1/run/artifacts/m/a", "1/run/artifacts/m/b", "1/run/artifacts/m/n/c", "1/other/x"):
        put(store, key, b"1")
    assert store.delete("1/run/artifacts/m/a") == 1
    assert store.delete("1/run/artifacts/m/a") == 0
    assert store.delete("1/run/artifacts/m") == 2
    assert store.list_folder("1") == [Entry("other", True, 0)]
    assert store.delete("1") == 1
    assert store.list_folder("") == []
    assert store.delete("none/at/all") == 0
    assert store.root.is_dir()
    assert files_beneath(store.root) == []


def test_folder_of_any_depth_and_width_is_deleted_without_a_trace(store: LocalStore) -> None:
    deep = store.root / "d"
    for _ in range(300):
        deep = deep / "x"
        deep.mkdir(parents=True)
        (deep / "f").write_bytes(b"1")
    for number in range(500):
        (store.root / "d" / f"w{number}").write_bytes(b"1")
    assert store.delete("d") == 800
    assert list((store.root / TEMPORARY).iterdir()) == []
    assert store.list_folder("") == []


def test_root_and_private_folder_cannot_be_named(store: LocalStore) -> None:
    writer = store.open_writer("a")
    (part,) = (store.root / TEMPORARY).iterdir()
    for key in ("", TEMPORARY, f"{TEMPORARY}/{part.name}", f"{TEMPORARY.upper()}/x", "a/../b", "..", "a//b"):
        for call in (store.open_reader, store.open_writer, store.delete):
            with pytest.raises(InvalidParameter):
                call(key)
    with pytest.raises(InvalidParameter):
        store.list_folder(TEMPORARY)
    writer.abort()


def test_last_of_two_writers_wins_whole(store: LocalStore) -> None:
    first, second = store.open_writer("k"), store.open_writer("k")
    for _ in range(5):
        first.write(b"1" * 1000)
        second.write(b"2" * 900)
    second.commit()
    assert get(store, "k") == b"2" * 4500
    first.commit()
    assert get(store, "k") == b"1" * 5000


def repeat(stop: threading.Event, errors: list[BaseException], action: Callable[[], None]) -> None:
    try:
        while not stop.is_set():
            action()
    except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
        errors.append(error)
        stop.set()


def test_racing_writers_and_deletes_never_mix_or_lose_a_commit(store: LocalStore) -> None:
    def write(data: bytes) -> None:
        with store.open_writer("race/deep/k") as writer:
            for start in range(0, len(data), 1000):
                writer.write(data[start : start + 1000])
            writer.commit()

    def read() -> None:
        with suppress(NotFound):
            assert get(store, "race/deep/k") in {b"a" * 40_000, b"b" * 12_000}

    def delete() -> None:
        store.delete("race/deep/k")
        time.sleep(0.001)

    stop, errors = threading.Event(), list[BaseException]()
    actions = [partial(write, b"a" * 40_000), partial(write, b"b" * 12_000), read, read, delete]
    threads = [threading.Thread(target=repeat, args=(stop, errors, action)) for action in actions]
    for thread in threads:
        thread.start()
    stop.wait(1.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    put(store, "race/deep/k", b"last")
    assert files_beneath(store.root) == ["race/deep/k"]


def test_no_link_beneath_the_root_is_followed(store: LocalStore, outside: Path) -> None:
    put(store, "d/real", b"1")
    (store.root / "dirlink").symlink_to(outside, target_is_directory=True)
    (store.root / "d" / "filelink").symlink_to(outside / "secret")
    (store.root / "d" / "inner").symlink_to(store.root / "d" / "real")
    for key in ("dirlink", "dirlink/secret", "d/filelink", "d/inner"):
        with pytest.raises(NotFound):
            store.open_reader(key)
        with pytest.raises(NotFound):
            store.stat(key)
    assert store.list_folder("dirlink") == []
    assert store.list_folder("") == [Entry("d", True, 0)]
    assert store.list_folder("d") == [Entry("real", False, 1)]
    for key in ("dirlink/new", "dirlink/sub/new"):
        with pytest.raises(InvalidParameter, match="link"):
            store.open_writer(key)
    assert store.delete("dirlink/secret") == 0


def test_link_that_appears_during_an_upload_is_not_followed(store: LocalStore, outside: Path) -> None:
    writer = store.open_writer("d/new")
    writer.write(b"x")
    (store.root / "d").symlink_to(outside, target_is_directory=True)
    with pytest.raises(InvalidParameter, match="link"):
        writer.commit()
    assert list((store.root / TEMPORARY).iterdir()) == []


def test_writing_or_deleting_a_link_touches_the_link_alone(store: LocalStore, outside: Path) -> None:
    (store.root / "link").symlink_to(outside / "secret")
    put(store, "link", b"mine")
    assert get(store, "link") == b"mine"
    (store.root / "d").mkdir()
    (store.root / "d" / "link").symlink_to(outside, target_is_directory=True)
    assert store.delete("d") == 1


def test_private_folder_that_is_a_link_is_refused(tmp_path: Path, outside: Path) -> None:
    for kind in (NATIVE, PathFolder):
        root = tmp_path / kind.__name__
        root.mkdir()
        (root / TEMPORARY).symlink_to(outside, target_is_directory=True)
        store = LocalStore(root, folders=kind)
        with pytest.raises(InvalidParameter, match="link"):
            store.prepare()
        with pytest.raises(InvalidParameter, match="link"):
            store.open_writer("x")


def test_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real", target_is_directory=True)
    for kind in (NATIVE, PathFolder):
        store = LocalStore(tmp_path / "root", folders=kind)
        store.prepare()
        put(store, "a/b", kind.__name__.encode())
        assert (tmp_path / "real" / "a" / "b").read_bytes() == kind.__name__.encode()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX special files")
def test_special_files_are_no_artifacts_and_block_nobody(store: LocalStore) -> None:
    os.mkfifo(store.root / "pipe")
    with pytest.raises(NotFound):
        store.open_reader("pipe")
    with pytest.raises(NotFound):
        store.stat("pipe")
    assert store.list_folder("") == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_everything_is_private_under_umask_zero(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = LocalStore(tmp_path / "new" / "parents" / "root")
        store.prepare()
        put(store, "1/run/artifacts/f", b"1")
        writer = store.open_writer("1/run/g")
        made = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
        modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in made}
        writer.abort()
    finally:
        os.umask(before)
    assert len(modes) == 9
    for name, mode in modes.items():
        assert mode == (0o600 if name.endswith(("/f", ".part")) else 0o700), name


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX owners")
def test_private_folder_of_somebody_else_is_refused(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(InternalError, match=f"belongs to user {owner}"):
        store.open_writer("x")


def test_leftovers_are_swept_when_a_day_old(store: LocalStore) -> None:
    temporary = store.root / TEMPORARY
    for name, age_h in (("old.part", 25), ("young.part", 23), ("old.trash", 25)):
        path = temporary / name
        if name.endswith("trash"):
            (path / "sub").mkdir(parents=True)
            (path / "sub" / "f").write_bytes(b"1")
        else:
            path.write_bytes(b"1")
        then = time.time() - age_h * 3600
        os.utime(path, (then, then))
    put(store, "kept", b"1")
    os.utime(store.root / "kept", (0, 0))
    store.prepare()
    assert [path.name for path in temporary.iterdir()] == ["young.part"]
    assert get(store, "kept") == b"1"


_WRITE_FOREVER = """
import sys
from pathlib import Path
from headrace.blobs.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
store.prepare()
with store.open_writer("done") as writer:
    writer.write(b"complete")
    writer.commit()
writer = store.open_writer("d/half")
while True:
    writer.write(b"x" * 65536)
    print("wrote", flush=True)
"""


def test_killed_writer_leaves_nothing_visible(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE_FOREVER, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == b"wrote\n"
        process.kill()
    store = LocalStore(tmp_path)
    store.prepare()
    assert store.list_folder("") == [Entry("done", False, 8)]
    assert get(store, "done") == b"complete"
    with pytest.raises(NotFound):
        store.open_reader("d/half")
    assert put(store, "d/half", b"again") == hashlib.sha256(b"again").hexdigest()


_FILL_DISK = """
import sys
from pathlib import Path
from headrace.base.errors import StorageFull
from headrace.blobs.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
store.prepare()
with store.open_writer("small") as writer:
    writer.write(b"fits")
    writer.commit()
try:
    with store.open_writer("d/big") as writer:
        for _ in range(64):
            writer.write(b"x" * (1 << 20))
        writer.commit()
except StorageFull as error:
    print(error.status, error)
with store.open_writer("after") as writer:
    writer.write(b"fits again")
    writer.commit()
print([entry.name for entry in store.list_folder("")])
print(list((Path(sys.argv[1]) / ".headrace-tmp").iterdir()))
"""
_SMALL_FILES_ONLY = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20))\n"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX processes")
def test_full_disk_is_one_clear_error_and_leaves_no_half_file(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    limit = (
        "" if mounted.returncode == 0 else _SMALL_FILES_ONLY
    )  # without the right to mount: a limit of the process
    try:
        done = subprocess.run(
            [sys.executable, "-c", limit + _FILL_DISK, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(tmp_path)], check=True)
    error, names, leftovers = done.stdout.splitlines()
    assert error.startswith("507 The artifact 'd/big' was not stored: ")
    assert "Free space" in error
    assert names == "['after', 'small']"
    assert leftovers == "[]"


def test_file_system_errors_name_what_the_system_said(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = store.open_writer("x")
    for number, kind in (
        (errno.EIO, InternalError),
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
    ):

        def fail(*_: object, number: int = number) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(kind, match=os.strerror(number)):
            writer.write(b"x")
    monkeypatch.undo()
    writer.abort()


def test_store_whose_root_has_vanished_says_so(store: LocalStore) -> None:
    (store.root / TEMPORARY).rmdir()
    store.root.rmdir()
    with pytest.raises(InternalError, match="No such file"):
        store.open_writer("x")
    assert store.list_folder("") == []


def test_commit_says_when_its_temporary_file_was_taken_away(store: LocalStore) -> None:
    writer = store.open_writer("d/x")
    writer.write(b"1")
    (part,) = (store.root / TEMPORARY).iterdir()
    part.unlink()
    with pytest.raises(InternalError, match="No such file"):
        writer.commit()
    assert store.list_folder("") == []


@pytest.mark.skipif(sys.platform == "win32", reason="names that are no text exist on POSIX only")
def test_names_that_are_no_text_are_not_listed(store: LocalStore) -> None:
    (Path(os.fsdecode(os.fsencode(store.root) + b"/\xff"))).write_bytes(b"1")
    put(store, "ok", b"1")
    assert store.list_folder("") == [Entry("ok", False, 1)]
