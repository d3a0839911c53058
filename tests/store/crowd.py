"""Many writers at several servers of one database at once, and what was answered to them.

Whatever they do is drawn from a seed; the order in which it happens is not. So what is expected is said in a way that no order changes: points are a
set, a tag has one of the values that were accepted. Whether the database holds just that is looked at by `store.crowd_checks`.
"""

import random
import struct
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from headrace.api import experiments, ingest, jobs, logged_models, metrics, runs
from headrace.api.endpoint import Tag
from headrace.api.ingest import (
    AttemptRecord,
    ForkRecord,
    Ingest,
    MetricColumns,
    MetricSeries,
    RunBlock,
    StartRecord,
)
from headrace.base.errors import AlreadyExists, BadRequest, InvalidParameter, NotFound
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.job_duty import JobDuty
from headrace.services.platform import PlatformSettings, open_platform
from headrace.services.sealing_duty import SealingDuty
from headrace.store import changes
from headrace.store.changes import Place
from headrace.store.codes import encode

Point = tuple[int, int, int]
LEGAL = (InvalidParameter, NotFound, AlreadyExists, BadRequest)
"""What may be answered: the run was deleted meanwhile, the param has another value, the name is taken."""


def call(platform: Platform, row: Any, **fields: Any) -> Any:
    """Call a server as a client would, without the wire."""
    return dispatch.call(platform, Actor(), row, row.request(**fields))


@dataclass
class Diary:
    """What was answered."""

    plain: defaultdict[tuple[str, str], set[Point]] = field(default_factory=partial(defaultdict, set))
    written: defaultdict[tuple[str, str], Counter[Point]] = field(
        default_factory=partial(defaultdict, Counter)
    )
    params: defaultdict[tuple[str, str], set[str]] = field(default_factory=partial(defaultdict, set))
    tags: defaultdict[tuple[str, str], set[str]] = field(default_factory=partial(defaultdict, set))
    made: set[str] = field(default_factory=set)
    records: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Diary") -> None:
        """Take over what another one holds."""
        for place, plain in other.plain.items():
            self.plain[place] |= plain
        for place, values in other.params.items():
            self.params[place] |= values
        for place, values in other.tags.items():
            self.tags[place] |= values
        for place, points in other.written.items():
            self.written[place] += points
        self.made |= other.made
        self.records += other.records
        self.done += other.done
        self.errors += other.errors


class Setting(NamedTuple):
    """What all of a crowd write to: ids."""

    experiments: list[str]
    runs: list[str]
    models: list[str]


def make_setting(platform: Platform, seed: int) -> Setting:
    """Make experiments, runs and models for a crowd."""
    made = [
        call(platform, experiments.CREATE, name=f"crowd {seed} {number}").experiment_id for number in range(3)
    ]
    shared = [
        call(platform, runs.CREATE, experiment_id=made[number % 3]).run.info.run_id for number in range(12)
    ]
    models = [
        call(
            platform, logged_models.CREATE, experiment_id=made[number % 3], source_run_id=run
        ).model.info.model_id
        for number, run in enumerate(shared[:4])
    ]
    return Setting(made, shared, models)


def work_in_process(
    url: str, folder: str, setting: Setting, seed: int, writers: int, operations: int
) -> Diary:
    """Open two servers and let writers work at them; what a process of its own does."""
    platforms = [open_platform(PlatformSettings(store_url=url, destination=folder)) for _ in range(2)]
    try:
        return Crowd(platforms, setting, seed).work(writers, operations)
    finally:
        for platform in platforms:
            platform.store.close()


class Crowd:
    """Writers at servers of one database.

    Args:
        platforms: the servers.
        setting: what they write to.
        seed: of what they do.
    """

    def __init__(self, platforms: Sequence[Platform], setting: Setting, seed: int) -> None:
        self.platforms = platforms
        self.setting = setting
        self.seed = seed
        self.diary = Diary()
        self.door = threading.Lock()
        self._stop = threading.Event()

    def work(self, writers: int, operations: int, *, busy: bool = True) -> Diary:
        """Let writers do so many things each, while duties and followers are at work; return what was answered.

        Args:
            writers: how many.
            operations: of each.
            busy: whether runs and experiments are deleted, restored and moved meanwhile.
        """
        count = len(self.platforms)
        with ThreadPoolExecutor(2 * count) as others, ThreadPoolExecutor(writers) as threads:
            beside = [others.submit(self._serve, platform) for platform in self.platforms]
            beside += [others.submit(follow, platform, self._stop) for platform in self.platforms]
            works = [
                threads.submit(_Writer(self, number, busy=busy).work, operations) for number in range(writers)
            ]
            wait(works)
            self._stop.set()
        for future in (*works, *beside):
            error = future.exception()
            if error is not None:
                self.diary.errors.append("".join(traceback.format_exception(error)))
        return self.diary

    def _serve(self, platform: Platform) -> None:
        """Do what one server of all does usually, on each: several at once do no harm."""
        sealing, counting = SealingDuty(idle_s=0.2, look_s=0.1), JobDuty()
        while not self._stop.wait(0.05):
            counting.run(platform, self._stop)
            sealing.run(platform, self._stop)


def finish(platform: Platform) -> None:
    """Carry out all jobs that are left, and seal everything."""
    while JobDuty().run(platform, threading.Event()):
        pass
    with platform.store.read() as conn:
        series = [row[0] for row in conn.rows("SELECT id FROM hr_series WHERE attempt >= 0")]
    SealingDuty().finish(platform.store, series)


def follow(platform: Platform, stop: threading.Event) -> None:
    """Read the log of changes while it is written, and once more afterwards: nothing is ever added behind a reader's back."""
    seen: list[tuple[int, ...]] = []
    with platform.store.read() as conn:
        begin = place = Place(changes.read_extent(conn).clock)
    last = False
    while True:
        with platform.store.read() as conn:
            clock = changes.read_clock(conn)
            found = [tuple(entry.place) for entry in changes.read_entries(conn, place, 1_000_000)]
        assert all(entry[0] <= clock for entry in found)
        seen += found
        place = Place(clock)
        if last:
            break
        last = stop.wait(0.02)
    with platform.store.read() as conn:
        again = [tuple(entry.place) for entry in changes.read_entries(conn, begin, 1_000_000)]
    assert [entry for entry in again if entry[0] <= clock] == seen
    assert sorted({entry[0] for entry in seen}) == list(range(begin.clock + 1, clock + 1))


class _Writer:
    """One of the crowd."""

    def __init__(self, crowd: Crowd, number: int, *, busy: bool) -> None:
        self._crowd, self._diary, self._number = crowd, crowd.diary, number
        self._random = random.Random(crowd.seed * 1000 + number)
        self._seq = 0
        self._writer = f"writer-{crowd.seed}-{number}"
        often: list[Callable[[Platform], None]] = [self._log_metric, self._log_batch, self._send]
        some: list[Callable[[Platform], None]] = [
            self._make_run,
            self._set_tag,
            self._log_param,
            self._change_model,
        ]
        seldom: list[Callable[[Platform], None]] = (
            [self._delete, self._move, self._delete_experiment] if busy else []
        )
        self._choices = often * 6 + some * 3 + seldom

    def work(self, operations: int) -> None:
        """Do things."""
        for _ in range(operations):
            act = self._random.choice(self._choices)
            try:
                act(self._random.choice(self._crowd.platforms))
            except LEGAL as error:
                name = f"{act.__name__}: {type(error).__name__}"
            else:
                name = act.__name__
            with self._crowd.door:
                self._diary.done[name] += 1

    def _run(self) -> str:
        return self._random.choice(self._crowd.setting.runs)

    def _key(self) -> str:
        """Return a name that many use, or one that is used for the first time by several at once."""
        if self._random.random() < 0.8:
            return f"key-{self._random.randrange(5)}"
        return f"key-{int(time.time() * 5)}"

    def _points(self, size: int) -> list[tuple[int, int, float]]:
        """Return (time, step, value) of points, some of which others have logged or will log."""
        draw = self._random.randrange
        return [(draw(60), draw(20), float(draw(4))) for _ in range(size)]

    def _log_metric(self, platform: Platform) -> None:
        run, key, ((at, step, value),) = self._run(), self._key(), self._points(1)
        model = self._random.choice(self._crowd.setting.models) if self._random.random() < 0.1 else ""
        call(platform, metrics.LOG, run_id=run, key=key, timestamp=at, step=step, value=value, model_id=model)
        with self._crowd.door:
            self._diary.plain[run, f"{key} {model}"].add((at, step, encode(value)))

    def _log_batch(self, platform: Platform) -> None:
        run, keys = self._run(), [self._key() for _ in range(3)]
        points = [(key, *point) for key in keys for point in self._points(self._random.choice([1, 2, 40]))]
        param = (f"p{self._random.randrange(400)}", str(self._random.randrange(2)))
        tag = (f"t{self._random.randrange(3)}", self._writer + str(self._random.random()))
        call(
            platform,
            runs.LOG_BATCH,
            run_id=run,
            metrics=[
                metrics.Metric(key=key, timestamp=at, step=step, value=value)
                for key, at, step, value in points
            ],
            params=[runs.Param(key=param[0], value=param[1])],
            tags=[Tag(key=tag[0], value=tag[1])],
        )
        with self._crowd.door:
            for key, at, step, value in points:
                self._diary.plain[run, f"{key} "].add((at, step, encode(value)))
            self._diary.params[run, param[0]].add(param[1])
            self._diary.tags[run, tag[0]].add(tag[1])

    def _log_param(self, platform: Platform) -> None:
        run, key, value = self._run(), f"p{self._random.randrange(400)}", str(self._random.randrange(2))
        call(platform, runs.LOG_PARAM, run_id=run, key=key, value=value)
        with self._crowd.door:
            self._diary.params[run, key].add(value)

    def _set_tag(self, platform: Platform) -> None:
        run, key, value = (
            self._run(),
            f"t{self._random.randrange(3)}",
            self._writer + str(self._random.random()),
        )
        call(platform, runs.SET_TAG, run_id=run, key=key, value=value)
        with self._crowd.door:
            self._diary.tags[run, key].add(value)

    def _make_run(self, platform: Platform) -> None:
        """Make a run on one server and log to it on another at once."""
        experiment = self._random.choice(self._crowd.setting.experiments)
        run = call(platform, runs.CREATE, experiment_id=experiment).run.info.run_id
        with self._crowd.door:
            self._diary.made.add(run)
        other = self._random.choice(self._crowd.platforms)
        try:
            call(other, metrics.LOG, run_id=run, key="first", timestamp=1, step=1, value=1.0)
        except NotFound as error:
            raise AssertionError(f"{run} is not there") from error
        with self._crowd.door:
            self._diary.plain[run, "first "].add((1, 1, encode(1.0)))

    def _change_model(self, platform: Platform) -> None:
        model = self._random.choice(self._crowd.setting.models)
        if self._random.random() < 0.5:
            call(platform, logged_models.SET_TAGS, model_id=model, tags=[Tag(key="t", value=self._writer)])
        else:
            param = logged_models.LoggedModelParam(
                key=f"p{self._random.randrange(100)}", value=str(self._random.randrange(2))
            )
            call(platform, logged_models.LOG_PARAMS, model_id=model, params=[param])

    def _delete(self, platform: Platform) -> None:
        run = self._run()
        call(platform, runs.DELETE, run_id=run)
        call(self._random.choice(self._crowd.platforms), runs.RESTORE, run_id=run)

    def _delete_experiment(self, platform: Platform) -> None:
        experiment = self._random.choice(self._crowd.setting.experiments)
        call(platform, experiments.DELETE, experiment_id=experiment)
        call(self._random.choice(self._crowd.platforms), experiments.RESTORE, experiment_id=experiment)

    def _move(self, platform: Platform) -> None:
        chosen, target = (
            self._random.sample(self._crowd.setting.runs, 3),
            self._random.choice(self._crowd.setting.experiments),
        )
        call(platform, jobs.MOVE_RUNS, to_experiment_id=target, run_ids=chosen)

    def _send(self, platform: Platform) -> None:
        """Send a batch for ten runs, some of them new, now and then to two servers at once."""
        blocks, points = self._blocks()
        self._seq += 1
        request = Ingest(format=2, writer=self._writer, seq=self._seq, runs=blocks)
        servers = [platform]
        if self._random.random() < 0.3:
            servers.append(self._random.choice(self._crowd.platforms))
        with ThreadPoolExecutor(len(servers)) as threads:
            answers = list(
                threads.map(lambda server: dispatch.call(server, Actor(), ingest.SEND, request), servers)
            )
        applied = Counter(answer.applied for answer in answers)
        told = {
            (
                each.stored,
                each.collapsed,
                each.repeated,
                each.records,
                sum(what.count for what in each.rejected),
            )
            for each in answers
        }
        assert applied[ingest.Application.NOW] == 1, answers
        assert len(told) == 1, answers
        stored, collapsed, repeated, records, rejected = told.pop()
        assert stored + collapsed + repeated + rejected == records
        with self._crowd.door:
            self._diary.records[self._writer] += records
            for run, key, point in points:
                self._diary.written[run, key][point] += 1

    def _blocks(self) -> tuple[list[RunBlock], list[tuple[str, str, Point]]]:
        blocks, told = [], []
        names = [
            f"{self._writer}-run-{self._random.randrange(3)}",
            *self._random.sample(self._crowd.setting.runs, 9),
        ]
        self._random.shuffle(names)
        for name in names:
            block = RunBlock(
                run_id=name,
                start=StartRecord(experiment_id=self._random.choice(self._crowd.setting.experiments)),
            )
            assert isinstance(block.start, StartRecord)
            chance = self._random.random()
            if chance < 0.02:
                block.start.fork = ForkRecord(run_id=self._run(), step=self._random.randrange(20))
            if chance > 0.9:
                block.attempt = AttemptRecord(
                    name=f"attempt-{self._random.randrange(3)}", from_step=self._random.randrange(20)
                )
            block.params = [(f"i{self._random.randrange(400)}", "0")]
            key, points = self._key(), self._points(self._random.choice([1, 3, 200]))
            points.sort()
            block.metrics = MetricColumns(
                series=[MetricSeries(key=key, count=len(points))],
                time=struct.pack(f"<{len(points)}q", *(at for at, _, _ in points)),
                step=struct.pack(f"<{len(points)}q", *(step for _, step, _ in points)),
                value=struct.pack(f"<{len(points)}d", *(value for _, _, value in points)),
            )
            told += [(name, f"{key} ", (at, step, encode(value))) for at, step, value in points]
            blocks.append(block)
        return blocks, told
