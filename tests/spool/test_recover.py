"""What is left on the disk: whose it is, who may take it, and that nothing of it is passed over without a word."""

import json
import logging
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from headrace.api.ingest import StartRecord
from headrace.base.errors import ClientError, InvalidParameter, NotFound, Unavailable
from headrace.cli import main
from headrace.client import connect
from headrace.fluent.destination import open_destination
from headrace.spool.contract import SpoolSettings
from headrace.spool.folder import Folder, digest_of, find_root, list_folders, plain_uri, read_note
from headrace.spool.record import HEAD, crc32, pack_head
from headrace.spool.recover import CountingHearer, LeftLog, drop_spool, find_spools, get_spool, send_spool
from headrace.spool.segment import segment_path
from headrace.spool.writer import Spool, open_spool
from spool.conftest import RUN, START, MakeSpool, wait_until
from spool.model_server import ModelServer


def _leave(make_spool: MakeSpool, server: ModelServer, *, count: int = 10, run_id: str = RUN) -> Path:
    """Let a spool be left with points and a file; return its folder."""
    before, server.down = server.down, Unavailable("down")
    spool = make_spool(adopt=False)
    run = spool.open_run(run_id, START, lease_ms=None)
    for step in range(count):
        run.log_point("loss", 1, step, step)
    run.add_bytes(b"x", "x.txt")
    folder = spool.close(1).folder
    server.down = before
    assert folder is not None
    assert read_note(folder) is not None
    return folder


def _never() -> bool:
    return False


def test_a_later_process_sends_what_was_left_without_being_asked(
    make_spool: MakeSpool, server: ModelServer, root: Path
) -> None:
    left = [_leave(make_spool, server, run_id=f"{number}" * 32) for number in range(3)]
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_point("a", 1, 1, 1)
    wait_until(lambda: not any(path.exists() for path in left))
    for number in range(3):
        held = server.runs[f"{number}" * 32]
        assert [step for _, step, _, _ in held.points] == list(range(10))
        assert held.files == {"x.txt": b"x"}
    spool.close(10)
    assert list(root.iterdir()) == []


def test_what_was_left_for_another_destination_or_by_another_machine_is_left_alone(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    path = _leave(make_spool, server)
    note = json.loads((path / "destination.json").read_text())
    (path / "destination.json").write_text(json.dumps(note | {"host": "elsewhere", "boot": "other"}))
    spool = make_spool()
    spool.open_run(RUN, START, lease_ms=None)
    assert spool.close(10).empty
    assert path.exists()
    other = path.parent.with_name(digest_of("http://elsewhere"))
    path.parent.rename(other)
    (other / path.name / "destination.json").write_text(json.dumps(note))
    spool = make_spool()
    spool.open_run(RUN, START, lease_ms=None)
    assert spool.close(10).empty
    assert (other / path.name).exists()


def test_a_spool_in_use_is_not_taken_and_not_dropped(
    make_spool: MakeSpool, server: ModelServer, root: Path
) -> None:
    server.down = Unavailable("down")
    make_spool(adopt=False).open_run(RUN, START, lease_ms=None)
    (found,) = find_spools(root)
    assert found.in_use
    assert not send_spool(found.path, server.open(), CountingHearer(), _never)
    with pytest.raises(ClientError, match="in use"):
        drop_spool(found.path)
    assert found.path.exists()


def test_a_spool_whose_sending_fails_stays_and_goes_on_where_it_was(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    path = _leave(make_spool, server, count=1000)
    server.down_files = Unavailable("files are down")
    hearer = CountingHearer()
    with pytest.raises(Unavailable, match="files"):
        send_spool(path, server.open(), hearer, _never)
    assert hearer.counts.stored == 1002
    assert find_spools(path.parents[2])[0].files == 1
    server.down_files = None
    assert send_spool(path, server.open(), CountingHearer(), _never)
    assert not path.exists()
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(1000))


def test_bytes_that_cannot_be_read_are_not_passed_over_without_a_word(
    make_spool: MakeSpool, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    path = _leave(make_spool, server, count=1000)
    first = segment_path(path, 1)
    body = bytearray(first.read_bytes())
    body[4096] ^= 1
    first.write_bytes(body)
    with caplog.at_level(logging.WARNING, "headrace"):
        assert send_spool(path, server.open(), CountingHearer(), _never)
    assert str(first) in caplog.text
    assert "cannot be read" in caplog.text
    steps = [step for _, step, _, _ in server.runs[RUN].points]
    assert 0 < len(steps) < 1000
    assert steps[-1] == 999, "later segments are whole"


def test_a_segment_of_a_later_version_is_refused_with_a_word_about_it(tmp_path: Path) -> None:
    head = bytearray(pack_head(1, 1, "w"))
    head[8] = 99
    head[-4:] = crc32(bytes(head[:-4])).to_bytes(4, "little")
    segment_path(tmp_path, 1).write_bytes(bytes(head))
    with pytest.raises(ClientError, match="format 99"):
        LeftLog(tmp_path)


@pytest.mark.parametrize("size", [0, 10, HEAD - 1, HEAD, HEAD + 5])
def test_a_segment_that_was_just_being_made_holds_nothing(tmp_path: Path, size: int) -> None:
    segment_path(tmp_path, 1).write_bytes((pack_head(1, 1, "w") + bytes(64))[:size])
    log = LeftLog(tmp_path)
    assert log.tail().offset <= HEAD


def test_folders_that_were_never_finished_are_swept_after_an_hour(root: Path) -> None:
    path = root / "host-boot" / "digest" / ("a" * 32)
    path.mkdir(parents=True)
    (path / "lock").touch()
    assert Folder.find(path) is None
    assert path.exists()
    old = time.time() - 7200
    os.utime(path, (old, old))
    assert Folder.find(path) is None
    assert not path.exists()


def test_what_is_no_spool_is_not_touched(root: Path) -> None:
    path = root / "a" / "b" / "my-thesis"
    path.mkdir(parents=True)
    os.utime(path, (1, 1))
    assert list(list_folders(root)) == []
    assert find_spools(root) == []
    assert path.exists()


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("http://user:secret@host:5000/x/", "http://host:5000/x"),
        ("https://host", "https://host"),
        ("postgresql://user:secret@host/base", "postgresql://host/base"),
        ("postgresql://user:sec@ret@host/base", "postgresql://host/base"),
        ("sqlite:////data/x.db", "sqlite:////data/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_an_address_is_written_down_without_credentials(uri: str, plain: str) -> None:
    assert plain_uri(uri) == plain


def test_a_relative_database_is_the_one_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert plain_uri("sqlite:///x.db") == f"sqlite:///{(tmp_path / 'x.db').as_posix()}"
    assert digest_of("sqlite:///x.db") == digest_of(f"sqlite:///{tmp_path}/x.db")


def test_the_folder_is_what_the_environment_says_else_the_platform_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_SPOOL_DIR", str(tmp_path))
    assert find_root(None) == tmp_path
    assert find_root(tmp_path / "x") == tmp_path / "x"
    monkeypatch.delenv("HEADRACE_SPOOL_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert find_root(None).parts[-2:] == ("headrace", "spool")


# The commands.


@pytest.fixture
def local(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HEADRACE_SPOOL_DIR", str(root))
    return f"sqlite:///{(tmp_path / 'store.db').as_posix()}"


def _leave_for(uri: str, root: Path) -> Spool:
    def down() -> None:
        raise Unavailable("down")

    settings = SpoolSettings(root=root, adopt=False, reserve_bytes=0, first_pause_s=0.01, max_pause_s=0.05)
    spool = open_spool(uri, down, settings)  # type: ignore[arg-type]
    run = spool.open_run(RUN, StartRecord(experiment_name="e"), lease_ms=None)
    run.log_points([("a", 1.0, step) for step in range(50)], 1)
    run.add_bytes(b"x", "x.txt")
    spool.close(1)
    return spool


def test_the_commands_show_send_and_drop_what_is_left(local: str, root: Path) -> None:
    call = CliRunner().invoke
    assert "everything that was logged" in call(main, ["spool", "list"]).output
    assert "Nothing was left" in call(main, ["sync"]).output
    _leave_for(local, root)
    (told,) = [json.loads(line) for line in call(main, ["spool", "list", "--json"]).output.splitlines()]
    assert (told["records"], told["files"], told["in_use"], told["uri"]) == (52, 1, False, local)
    name = told["name"][:8]
    assert name in call(main, ["spool", "list"]).output
    shown = call(main, ["spool", "show", name]).output
    assert "x.txt" in shown
    assert told["folder"] in shown
    details = json.loads(call(main, ["spool", "show", name, "--json"]).output)
    assert details["waiting_files"] == [{"run_id": RUN, "path": "x.txt", "file_size": 1}]
    sent = call(main, ["sync"])
    assert sent.exit_code == 0, sent.output
    assert "52 records and 1 files" in sent.output
    with connect(local) as client:
        assert [point.step for point in client.metrics.history(RUN, "a")] == list(range(50))
    _leave_for(local, root)
    name = find_spools(root)[0].note.writer
    assert call(main, ["spool", "drop", name], input="n\n").exit_code == 1
    assert len(find_spools(root)) == 1
    assert "Dropped 52 records" in call(main, ["spool", "drop", name, "--yes"]).output
    assert find_spools(root) == []
    assert call(main, ["spool", "show", name]).exit_code == 1


def test_sync_ends_with_1_while_something_is_left_and_says_why(root: Path, local: str) -> None:
    _leave_for("http://127.0.0.1:9", root)
    ran = CliRunner().invoke(main, ["sync"])
    assert ran.exit_code == 1
    assert "the rest is kept" in ran.output
    assert len(find_spools(root)) == 1
    told = json.loads(CliRunner().invoke(main, ["sync", "--json"]).stdout)
    assert told["left"]
    assert "No answer" in told["reason"]
    assert local


def test_sync_leaves_other_machines_alone_unless_it_is_asked(root: Path, local: str) -> None:
    _leave_for(local, root)
    (found,) = find_spools(root)
    note = json.loads((found.path / "destination.json").read_text())
    (found.path / "destination.json").write_text(json.dumps(note | {"host": "elsewhere", "boot": "other"}))
    assert "of other machines" in CliRunner().invoke(main, ["sync"]).output
    assert len(find_spools(root)) == 1
    told = json.loads(CliRunner().invoke(main, ["sync", "--all-hosts", "--json"]).stdout)
    assert (told["stored"], told["files"], told["left"]) == (52, 1, False)
    assert find_spools(root) == []


def test_a_name_that_fits_none_or_several_spools_is_refused(root: Path, local: str) -> None:
    with pytest.raises(NotFound, match="No spool"):
        get_spool(root, "abc")
    for _ in range(2):
        _leave_for(local, root)
    with pytest.raises(NotFound, match="Several"):
        get_spool(root, "")


# Files.


def test_files_wait_for_the_records_before_them_and_go_in_order(
    make_spool: MakeSpool, server: ModelServer, tmp_path: Path
) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    source = tmp_path / "a.txt"
    for number in range(20):
        source.write_text(str(number))
        run.add_file(source, "a.txt")
    run.add_file(source, "moved.txt", move=True)
    assert not source.exists()
    assert spool.flush(10)
    assert server.runs[RUN].files == {"a.txt": b"19", "moved.txt": b"19"}


def test_what_is_added_is_what_the_file_held_at_that_moment(
    make_spool: MakeSpool, server: ModelServer, tmp_path: Path
) -> None:
    server.down = Unavailable("down")
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    source = tmp_path / "a.bin"
    source.write_bytes(b"before" * 1000)
    run.add_file(source, "a.bin")
    with source.open("r+b") as file:
        file.write(b"after!" * 1000)
    server.down = None
    wait_until(spool.flush)
    assert server.runs[RUN].files == {"a.bin": b"before" * 1000}


def test_a_file_that_is_not_there_is_refused_at_once(make_spool: MakeSpool, tmp_path: Path) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(InvalidParameter, match="no file"):
            run.add_file(path, "x")


def test_a_file_that_is_refused_for_good_is_kept_told_of_and_blocks_nothing(
    make_spool: MakeSpool, server: ModelServer, tmp_path: Path
) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    assert spool.flush(10)
    server.down_files = InvalidParameter("That path is not allowed.")
    run.add_bytes(b"dear", "../x")
    assert spool.flush(10)
    server.down_files = None
    run.add_bytes(b"fine", "y")
    assert spool.flush(10)
    (told,) = run.take_rejections()
    assert "'../x'" in told.what
    kept = Path(told.reason.partition("kept as '")[2].partition("'")[0])
    assert kept.read_bytes() == b"dear"
    assert kept.is_relative_to(tmp_path)
    assert server.runs[RUN].files == {"y": b"fine"}


def test_a_file_that_fails_keeps_neither_records_nor_other_files_back(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(max_pause_s=0.3)
    run = spool.open_run(RUN, START, lease_ms=None)
    assert spool.flush(10)
    server.fail_paths = {"bad": Unavailable("cannot write that one")}
    run.add_bytes(b"1", "bad")
    run.add_bytes(b"2", "good")
    run.add_bytes(b"3", "bad")
    run.log_point("a", 1, 1, 1)
    wait_until(lambda: server.runs[RUN].files == {"good": b"2"} and server.runs[RUN].points)
    assert spool.backlog.files == 2
    assert not spool.backlog.reachable
    server.fail_paths = {}
    wait_until(lambda: spool.backlog.files == 0)
    assert server.runs[RUN].files == {"good": b"2", "bad": b"3"}


def test_a_file_whose_description_was_never_written_is_not_uploaded(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    path = _leave(make_spool, server)
    (path / "files" / "7").write_bytes(b"half")
    (path / "files" / "7.json.new").write_bytes(b"{")
    assert send_spool(path, server.open(), CountingHearer(), _never)
    assert server.runs[RUN].files == {"x.txt": b"x"}
    assert not path.exists()


def test_the_real_store_holds_what_was_left(root: Path, local: str) -> None:
    _leave_for(local, root)
    (found,) = find_spools(root)
    destination = open_destination(local, lambda _: None)
    assert send_spool(found.path, destination, CountingHearer(), _never)
    destination.close()
    with connect(local) as client:
        assert [point.step for point in client.metrics.history(RUN, "a")] == list(range(50))
        assert [file.path for file in client.artifacts.list(RUN)] == ["x.txt"]
