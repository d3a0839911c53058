"""What becomes of a run by what batches say of it: beginnings and returns, attempts, the trash, leases, long series. On a real store, in process."""

import itertools
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run as run_process
from typing import Any

import pytest
from msgspec import UNSET

from headrace.api import control, experiments, ingest, runs
from headrace.api.endpoint import Tag
from headrace.api.ingest import (
    AttemptRecord,
    EnvironmentRecord,
    ForkRecord,
    Ingest,
    IngestAnswer,
    MetricColumns,
    MetricSeries,
    RunBlock,
    StartRecord,
    StatusRecord,
)
from headrace.api.inputs import Dataset, DatasetInput, ModelInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.base import plugins
from headrace.base.json import Wire
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import environments, points
from headrace.store.keys import find_key_ids
from headrace.store.runs import get_run

FINISHED = StatusRecord(status=RunStatus.FINISHED, end_time=9000)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(
        PlatformSettings(store_url=f"sqlite:///{tmp_path / 'store.db'}", destination=str(tmp_path / "files"))
    )
    yield opened
    opened.store.close()


class Sender:
    """Sends batches as writers that number them."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._numbers: dict[str, Iterator[int]] = {}

    def call(self, endpoint: Any, request: Wire) -> Any:
        return dispatch.call(self._platform, Actor(), endpoint, request)

    def send(self, *blocks: RunBlock, writer: str = "w") -> IngestAnswer:
        seq = next(self._numbers.setdefault(writer, itertools.count(1)))
        request = Ingest(format=2, writer=writer, seq=seq, runs=list(blocks))
        return dispatch.call(self._platform, Actor(), ingest.SEND, request)

    def start(self, run_id: str = "run", **more: Any) -> IngestAnswer:
        return self.send(RunBlock(run_id=run_id, start=StartRecord(experiment_id="0"), **more))

    def info(self, run_id: str = "run") -> runs.RunInfo:
        answer: runs.RunAnswer = self.call(runs.GET, runs.GetRun(run_id=run_id))
        return answer.run.info

    def control(self, run_id: str = "run") -> control.RunControl:
        answer: control.RunControl = self.call(control.GET, control.ControlledRun(run_id=run_id))
        return answer

    def params(self, run_id: str = "run") -> dict[str, str]:
        answer: runs.RunAnswer = self.call(runs.GET, runs.GetRun(run_id=run_id))
        return {each.key: each.value for each in answer.run.data.params or ()}

    def tags(self, run_id: str = "run") -> dict[str, str]:
        answer: runs.RunAnswer = self.call(runs.GET, runs.GetRun(run_id=run_id))
        return {each.key: each.value for each in answer.run.data.tags or ()}


@pytest.fixture
def sender(platform: Platform) -> Sender:
    return Sender(platform)


def _columns(key: str, steps: range, times: list[int] | None = None, **more: str) -> MetricColumns:
    count = len(steps)
    return MetricColumns(
        series=[MetricSeries(key=key, count=count, **more)],
        time=struct.pack(f"<{count}q", *(times or steps)),
        step=struct.pack(f"<{count}q", *steps),
        value=struct.pack(f"<{count}d", *(step / 2 for step in steps)),
    )


def _steps(platform: Platform, key: str, run_id: str = "run") -> list[int]:
    with platform.store.read() as conn:
        number = find_key_ids(conn, [key])[key]
        parts = points.parts_of(conn, get_run(conn, run_id).id, number)
        found: list[int] = points.read_columns(conn, parts).step.tolist()
    return found


def test_an_experiment_that_is_only_named_is_made_once(sender: Sender) -> None:
    named = StartRecord(experiment_name="new", parent_run_id="parent", user_id="ada", start_time=7)
    first = sender.send(RunBlock(run_id="a", start=named), RunBlock(run_id="b", start=named))
    second = sender.send(RunBlock(run_id="c", start=named), writer="other")
    assert {each.experiment_id for each in (*first.runs, *second.runs)} == {"1"}
    info = sender.info("a")
    assert (info.user_id, info.start_time, info.status) == ("ada", 7, RunStatus.RUNNING)
    assert info.artifact_uri.endswith("/1/a/artifacts")
    assert info.run_name
    assert sender.tags("a") == {"mlflow.runName": info.run_name, "mlflow.parentRunId": "parent"}


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (StartRecord(), "give one of them"),
        (StartRecord(experiment_id="0", experiment_name="x"), "give one of them"),
        (StartRecord(experiment_id="77"), "77"),
        (StartRecord(experiment_id="x"), "'x'"),
        (StartRecord(experiment_name="x" * 501), "501 characters"),
        (StartRecord(experiment_name="a\0b"), "NUL"),
        (StartRecord(experiment_name=" "), "name"),
    ],
)
def test_a_start_that_names_no_experiment_is_rejected_with_all_that_hangs_on_it(
    sender: Sender, start: StartRecord, named: str
) -> None:
    answer = sender.send(
        RunBlock(run_id="run", start=start, params=[("a", "1")]),
        RunBlock(run_id="other", start=StartRecord(experiment_id="0")),
    )
    (rejection,) = answer.rejected
    assert (rejection.record, rejection.count, rejection.run_id) == (0, 2, "run")
    assert named in rejection.reason
    assert [each.run_id for each in answer.runs] == ["other"]


def test_a_run_is_not_lost_for_its_name(sender: Sender) -> None:
    start = StartRecord(experiment_id="0", run_name="a\0" + "b" * 9000, user_id="u\0" + "v" * 300)
    assert sender.send(RunBlock(run_id="run", start=start)).stored == 1
    info = sender.info()
    assert info.run_name == "a" + "b" * 7999
    assert info.user_id == "u" + "v" * 255


def test_a_run_that_is_started_again_runs_again_and_stays_where_it_is(sender: Sender) -> None:
    sender.start(status=FINISHED)
    assert (sender.info().status, sender.info().end_time) == (RunStatus.FINISHED, 9000)
    elsewhere = StartRecord(experiment_name="elsewhere", run_name="other")
    answer = sender.send(RunBlock(run_id="run", start=elsewhere))
    assert (answer.stored, answer.runs[0].experiment_id) == (1, "0")
    assert (sender.info().status, sender.info().end_time) == (RunStatus.RUNNING, UNSET)
    assert sender.send(RunBlock(run_id="run", start=elsewhere)).repeated == 1
    found = sender.call(experiments.SEARCH, experiments.SearchExperiments(max_results=10))
    assert [each.name for each in found.experiments] == ["Default"]


def test_a_rank_that_comes_late_does_not_wake_a_run_that_has_ended(sender: Sender) -> None:
    first = AttemptRecord(name="job/0")
    sender.start(attempt=first)
    sender.send(RunBlock(run_id="run", attempt=first, status=FINISHED))
    late = RunBlock(run_id="run", start=StartRecord(experiment_id="0"), attempt=first)
    answer = sender.send(late, writer="rank-1")
    assert (answer.repeated, answer.runs[0].attempt) == (2, 0)
    assert sender.info().status is RunStatus.FINISHED
    again = RunBlock(
        run_id="run", start=StartRecord(experiment_id="0"), attempt=AttemptRecord(name="job/1", from_step=5)
    )
    answer = sender.send(again, writer="rank-1")
    assert (answer.stored, answer.runs[0].attempt) == (2, 1)
    assert (sender.info().status, sender.info().end_time) == (RunStatus.RUNNING, UNSET)
    assert [(each.attempt, each.name) for each in sender.control().attempts] == [(0, "job/0"), (1, "job/1")]


def test_what_an_earlier_attempt_says_late_is_kept_but_does_not_speak_for_the_run(
    sender: Sender, platform: Platform
) -> None:
    old, new = AttemptRecord(name="0"), AttemptRecord(name="1", from_step=3)
    sender.start(attempt=old, metrics=_columns("loss", range(2)))
    sender.send(RunBlock(run_id="run", attempt=new, metrics=_columns("loss", range(3, 6))))
    failed = StatusRecord(status=RunStatus.FAILED)
    late = RunBlock(
        run_id="run", attempt=old, metrics=_columns("loss", range(2, 5)), status=failed, lease_ms=1000
    )
    answer = sender.send(late, writer="late")
    assert (answer.stored, answer.collapsed, answer.repeated) == (3, 1, 1)
    assert sender.info().status is RunStatus.RUNNING
    assert sender.control().lease is UNSET
    assert _steps(platform, "loss") == [0, 1, 2, 3, 4, 5]


def test_a_later_attempt_may_change_a_param_and_the_earlier_value_is_kept(sender: Sender) -> None:
    def log(attempt: str, *params: tuple[str, str]) -> IngestAnswer:
        return sender.send(RunBlock(run_id="run", attempt=AttemptRecord(name=attempt), params=list(params)))

    sender.start(attempt=AttemptRecord(name="0"), params=[("lr", "0.1"), ("seed", "7")])
    assert len(log("0", ("lr", "0.2")).rejected) == 1
    answer = log("1", ("lr", "0.2"), ("seed", "7"), ("new", "a"))
    assert (answer.stored, answer.repeated) == (3, 1)
    assert sender.params() == {"lr": "0.2", "seed": "7", "new": "a"}
    conflicts = log("1", ("lr", "0.3"), ("seed", "8"), ("new", "b"))
    assert len(conflicts.rejected) == 3
    assert "'0.2'" in conflicts.rejected[0].reason
    assert log("2", ("lr", "0.4"), ("seed", "8")).stored == 3
    assert sender.params() == {"lr": "0.4", "seed": "8", "new": "a"}
    past = {(each.key, each.value, each.attempt) for each in sender.control().past_params}
    assert past == {("lr", "0.1", 0), ("lr", "0.2", 1), ("seed", "7", 1)}
    late = log("0", ("lr", "0.1"), ("lr", "0.9"), ("new", "z"), ("new", "y"))
    assert (late.stored, late.repeated, len(late.rejected)) == (1, 2, 2)
    assert sender.params()["new"] == "a"
    past = {(each.key, each.value, each.attempt) for each in sender.control().past_params}
    assert past == {("lr", "0.1", 0), ("lr", "0.2", 1), ("seed", "7", 1), ("new", "z", 0)}


def test_an_attempt_with_a_bad_name_is_rejected_and_its_points_are_kept(
    sender: Sender, platform: Platform
) -> None:
    answer = sender.start(attempt=AttemptRecord(name="x\0"), metrics=_columns("loss", range(3)))
    assert [each.what for each in answer.rejected] == ["attempt 'x\\x00'"]
    assert answer.stored == 4
    assert _steps(platform, "loss") == [0, 1, 2]


def test_a_fork_begins_with_its_parents_history(sender: Sender, platform: Platform) -> None:
    sender.start("parent", metrics=_columns("loss", range(10)))
    fork = StartRecord(experiment_id="0", fork=ForkRecord(run_id="parent", step=4))
    block = RunBlock(run_id="child", start=fork, metrics=_columns("loss", range(4, 6)))
    assert sender.send(block).stored == 4
    assert _steps(platform, "loss", "child") == [0, 1, 2, 3, 4, 5]
    assert sender.send(RunBlock(run_id="child", start=fork)).repeated == 2
    other = StartRecord(experiment_id="0", fork=ForkRecord(run_id="nobody", step=4))
    answer = sender.send(RunBlock(run_id="orphan", start=other))
    assert (answer.stored, answer.rejected[0].what) == (1, "fork")
    assert "'nobody'" in answer.rejected[0].reason
    circle = StartRecord(experiment_id="0", fork=ForkRecord(run_id="child", step=1))
    assert sender.send(RunBlock(run_id="parent", start=circle)).rejected[0].what == "fork"


def test_what_comes_for_the_trash_is_kept_and_comes_back_with_it(sender: Sender, platform: Platform) -> None:
    made = sender.call(experiments.CREATE, experiments.CreateExperiment(name="doomed"))
    by_id = experiments.GetExperiment(experiment_id=made.experiment_id)
    here = StartRecord(experiment_name="doomed")
    sender.send(RunBlock(run_id="before", start=here))
    sender.call(experiments.DELETE, by_id)
    answer = sender.send(
        RunBlock(run_id="before", metrics=_columns("loss", range(2)), params=[("a", "1")]),
        RunBlock(run_id="after", start=here, tags=[("t", "1")], metrics=_columns("loss", range(100))),
    )
    assert (answer.stored, answer.late) == (105, 105)
    assert {sender.info(each).lifecycle_stage for each in ("before", "after")} == {"deleted"}
    sender.call(experiments.RESTORE, by_id)
    assert {sender.info(each).lifecycle_stage for each in ("before", "after")} == {"active"}
    search = runs.SearchRuns(experiment_ids=[made.experiment_id], filter="tags.t = '1' and metrics.loss > 1")
    assert [each.info.run_id for each in sender.call(runs.SEARCH, search).runs] == ["after"]
    assert _steps(platform, "loss", "after") == list(range(100))


def test_a_lease_is_held_until_the_run_ends(sender: Sender) -> None:
    sender.start(lease_ms=60_000)
    lease = sender.control().lease
    assert lease is not UNSET
    assert lease.length_ms == 60_000
    assert sender.send(RunBlock(run_id="run", lease_ms=90_000)).records == 0
    renewed = sender.control().lease
    assert renewed is not UNSET
    assert renewed.until > lease.until
    sender.send(RunBlock(run_id="run", status=FINISHED, lease_ms=60_000))
    assert sender.control().lease is UNSET
    assert sender.send(RunBlock(run_id="run", lease_ms=60_000)).records == 0
    assert sender.control().lease is UNSET


def test_a_request_to_stop_is_told_until_it_is_acknowledged(sender: Sender) -> None:
    sender.start()
    sender.call(control.REQUEST_STOP, control.RequestStop(run_id="run", reason="diverged"))
    for _ in range(2):
        stop = sender.send(RunBlock(run_id="run", tags=[("t", "1")])).runs[0].stop
        assert stop is not UNSET
        assert (stop.reason, stop.asked_by) == ("diverged", "anyone")
    assert sender.send(RunBlock(run_id="run", stop_seen=True)).runs[0].stop is UNSET
    seen = sender.control().stop
    assert seen is not UNSET
    assert isinstance(seen.seen_at, int)


def test_a_run_that_ends_without_a_time_ends_now_and_once(sender: Sender) -> None:
    sender.start()
    ended = RunBlock(run_id="run", status=StatusRecord(status=RunStatus.KILLED))
    assert sender.send(ended).stored == 1
    first = sender.info().end_time
    assert isinstance(first, int)
    assert sender.send(ended).repeated == 1
    assert sender.info().end_time == first
    running = RunBlock(run_id="run", status=StatusRecord(status=RunStatus.RUNNING))
    assert sender.send(running).stored == 1
    assert sender.info().end_time is UNSET


def test_a_tag_renames_the_run_but_not_to_nothing(sender: Sender) -> None:
    sender.start()
    answer = sender.send(
        RunBlock(
            run_id="run", tags=[("mlflow.runName", "one"), ("mlflow.runName", "two"), ("mlflow.runName", "")]
        )
    )
    assert (answer.collapsed, answer.stored, len(answer.rejected)) == (1, 1, 1)
    assert sender.info().run_name == sender.tags()["mlflow.runName"] == "two"


def test_an_answer_tells_of_a_thousand_rejections_and_the_ledger_of_all(sender: Sender) -> None:
    bad = [("#", "1")] * 900
    sender.start()
    blocks = [RunBlock(run_id="run", params=bad), RunBlock(run_id="run", params=bad)]
    first = sender.send(*blocks, RunBlock(run_id="run", tags=[("t", "1")]))
    assert (first.records, first.stored, len(first.rejected)) == (1801, 1, 1000)
    again = sender.call(ingest.SEND, Ingest(format=2, writer="w", seq=2, runs=blocks))
    assert (again.applied.value, again.rejected) == ("BEFORE", first.rejected)
    ledger = sender.call(ingest.LEDGER, ingest.GetLedger(run_id="run", max_results=5000))
    assert (len(ledger.rejections), ledger.writers[0].rejected) == (1800, 1800)


def test_an_environment_is_kept_once_and_per_attempt(sender: Sender, platform: Platform) -> None:
    one = EnvironmentRecord(python="3.12", platform="Linux", packages={"b": "2", "a": "1"})
    same = EnvironmentRecord(python="3.12", platform="Linux", packages={"a": "1", "b": "2"})
    other = EnvironmentRecord(python="3.13")
    sender.start("first", environment=one)
    sender.start("second", environment=same)
    assert sender.send(RunBlock(run_id="first", environment=same)).repeated == 1
    sender.send(RunBlock(run_id="first", attempt=AttemptRecord(name="1"), environment=other))
    huge = EnvironmentRecord(packages={str(number): "" for number in range(10_001)})
    assert sender.send(RunBlock(run_id="first", environment=huge)).rejected[0].what == "environment"
    nul = EnvironmentRecord(python="\0")
    assert sender.send(RunBlock(run_id="first", environment=nul)).rejected[0].what == "environment"
    with platform.store.read() as conn:
        assert conn.rows("SELECT COUNT(*) FROM hr_environment") == [(2,)]
        found = environments.find_environment(conn, get_run(conn, "second"))
    assert found == '{"packages":{"a":"1","b":"2"},"platform":"Linux","python":"3.12"}'


def test_inputs_that_are_there_are_repeated(sender: Sender) -> None:
    dataset = DatasetInput(
        dataset=Dataset(name="d", digest="1"), tags=[Tag(key="mlflow.data.context", value="train")]
    )
    block = RunBlock(
        run_id="run",
        datasets=[dataset],
        model_inputs=[ModelInput(model_id="m-1")],
        model_outputs=[ModelOutput(model_id="m-1", step=1)],
    )
    sender.start()
    assert sender.send(block).stored == 3
    assert sender.send(block, writer="other").repeated == 3
    dataset.tags = [Tag(key="more", value="x")]
    assert sender.send(block).stored == 1


@pytest.mark.parametrize("count", [2, 63, 64, 127, 128, 5000])
def test_points_before_1970_are_rejected_one_by_one(sender: Sender, platform: Platform, count: int) -> None:
    times = [-step if step % 3 == 1 else step for step in range(count)]
    answer = sender.start(metrics=_columns("loss", range(count), times))
    bad = len([time for time in times if time < 0])
    (rejection,) = answer.rejected
    assert (rejection.record, rejection.count) == (2, bad)
    assert "Invalid timestamp -1 " in rejection.reason
    assert answer.stored == 1 + count - bad
    assert _steps(platform, "loss") == [step for step in range(count) if step % 3 != 1]


@pytest.mark.parametrize("count", [1, 64, 200])
def test_equal_points_of_one_batch_are_all_kept(sender: Sender, platform: Platform, count: int) -> None:
    columns = MetricColumns(
        series=[MetricSeries(key="loss", count=count)],
        time=b"\1" * 8 * count,
        step=bytes(8 * count),
        value=bytes(8 * count),
    )
    for _ in range(2):
        sender.start(metrics=columns)
    assert _steps(platform, "loss") == [0] * 2 * count


def test_points_are_kept_by_what_was_measured(sender: Sender, platform: Platform) -> None:
    columns = MetricColumns(
        series=[
            MetricSeries(key="acc", count=1),
            MetricSeries(key="acc", count=1, model_id="m-1"),
            MetricSeries(key="acc", count=0, model_id="m-never"),
            MetricSeries(key="acc", count=1, model_id="m-1", dataset_name="d", dataset_digest="1"),
            MetricSeries(key="acc", count=1, dataset_name="n" * 501),
        ],
        time=struct.pack("<4q", 1, 2, 3, 4),
        step=struct.pack("<4q", 1, 2, 3, 4),
        value=struct.pack("<4d", 1, 2, 3, 4),
    )
    answer = sender.start(metrics=columns)
    assert (answer.stored, [each.record for each in answer.rejected]) == (4, [4])
    assert _steps(platform, "acc") == [1, 2, 3]
    with platform.store.read() as conn:
        contexts = conn.rows("SELECT model_id, dataset_name, dataset_digest FROM hr_context ORDER BY id")
    assert contexts == [("m-1", "", ""), ("m-1", "d", "1")]


def test_short_series_need_no_numpy() -> None:
    code = """
import sys, tempfile, headrace.services.ingest
from headrace.services import dispatch
from headrace.services.platform import PlatformSettings, open_platform
from headrace.services.context import Actor
from headrace.api import ingest
folder = tempfile.mkdtemp()
platform = open_platform(PlatformSettings(store_url=f"sqlite:///{folder}/store.db", destination=folder))
columns = ingest.MetricColumns(series=[ingest.MetricSeries(key="a", count=2)], time=bytes(16), step=bytes(16), value=bytes(16))
block = ingest.RunBlock(run_id="run", start=ingest.StartRecord(experiment_id="0"), metrics=columns)
answer = dispatch.call(platform, Actor(), ingest.SEND, ingest.Ingest(format=2, writer="w", seq=1, runs=[block]))
platform.store.close()
assert answer.stored == 3
sys.exit("numpy" in sys.modules)
"""
    done = run_process([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_class_of_float_comes_back_bit_for_bit(sender: Sender, platform: Platform) -> None:
    bits = [
        0x0000_0000_0000_0000, 0x8000_0000_0000_0000,  # zeros
        0x0000_0000_0000_0001, 0x800F_FFFF_FFFF_FFFF,  # subnormal
        0x0010_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF,  # the least and the greatest normal
        0xFFEF_FFFF_FFFF_FFFF, 0x3FB9_9999_9999_999A,
        0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,  # infinities
        0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000,  # quiet NaNs
        0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF,  # signalling NaNs
        0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF,
    ]  # fmt: skip
    for key, times in (("short", 1), ("long", 20)):
        count = len(bits) * times
        sender.start(
            metrics=MetricColumns(
                series=[MetricSeries(key=key, count=count)],
                time=struct.pack(f"<{count}q", *range(count)),
                step=bytes(8 * count),
                value=struct.pack(f"<{count}Q", *bits * times),
            )
        )
        with platform.store.read() as conn:
            parts = points.parts_of(conn, get_run(conn, "run").id, find_key_ids(conn, [key])[key])
            codes = points.read_columns(conn, parts).code
        values = plugins.load("headrace.store.chunks").values_of(codes)
        assert values.view("<u8").tolist() == bits * times


def test_a_tag_is_stored_repeated_or_replaced_and_each_is_counted(sender: Sender) -> None:
    first = sender.start(tags=[("a", "1"), ("b", "2"), ("a", "3")])
    assert (first.stored, first.collapsed, first.repeated) == (3, 1, 0)  # the start is a record as well
    again = sender.send(RunBlock(run_id="run", tags=[("a", "3"), ("b", "4"), ("c", "5")]))
    assert (again.stored, again.collapsed, again.repeated) == (2, 0, 1)
    answer: runs.RunAnswer = sender.call(runs.GET, runs.GetRun(run_id="run"))
    tags = {tag.key: tag.value for tag in answer.run.data.tags or ()}
    assert {key: tags[key] for key in "abc"} == {"a": "3", "b": "4", "c": "5"}
