"""Histories and charts are what a model in plain Python says of the same points: sealed or not, late, doubled, of several attempts."""

import dataclasses
import itertools
import math
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.base import msgpack
from headrace.client.series import ChartView, RunCells, Series
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import attempts, keys, runs, sealing, series
from headrace.store.codes import encode
from headrace.store.transaction import RunRef, Transaction
from server.series_model import Attempt, Drawn, History, Point, draw

START = 1_000
KEYS = ("a", "b")
_NAMES = itertools.count()


class Direct:
    """Carries calls to a platform in this process, through MessagePack and back."""

    uri = "test:"

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.bytes = 0

    def call(self, endpoint: Any, request: Any) -> Any:
        request = msgpack.decode(msgpack.encode(request), type(request))
        answer = dispatch.call(self.platform, Actor(), endpoint, request)
        data = msgpack.encode(answer)
        self.bytes = len(data)
        return msgpack.decode(data, type(answer))


@dataclasses.dataclass
class World:
    """Runs in a store, and the same runs in the model."""

    platform: Platform
    refs: list[RunRef]
    histories: dict[tuple[str, str], History]
    records: Iterator[int]

    @property
    def names(self) -> list[str]:
        return [ref.run_id for ref in self.refs]

    def log(self, run: int, attempt: int, key: str, points: list[Point], *, own: bool) -> None:
        """Log points of an attempt, of MLflow's wire or a writer's."""
        ref = self.refs[run]

        def work(tx: Transaction) -> None:
            for number in range(1, attempt + 1):  # attempt 0 is the one without a name
                assert attempts.begin_attempt(tx, ref, f"job-{number}", None, START)[0] == number
            number = keys.intern_keys(tx, [key])[key]
            rows = [(point.time, point.step, encode(point.value)) for point in points]
            n = [next(self.records) for _ in points] if own else None
            if rows:
                series.add_points(tx, ref._replace(attempt=attempt), number, 0, rows, n)

        self.platform.store.writer.call(work)
        self.refs[run] = ref._replace(attempt=max(ref.attempt, attempt))
        held = self.histories.setdefault((ref.run_id, key), History()).attempts.setdefault(attempt, Attempt())
        if own:
            held.own += points
        else:
            held.plain |= {point.order: point for point in points}

    def seal(self) -> None:
        """Seal whatever is in the tails."""
        numbers = [ref.id for ref in self.refs]

        def work(tx: Transaction) -> None:
            for (number,) in tx.rows_in("SELECT id FROM hr_series WHERE run IN ({ids})", numbers):
                sealing.apply_tail(tx, number, 1, few=False)

        self.platform.store.writer.call(work)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("charts")
    opened = open_platform(
        PlatformSettings(store_url=f"sqlite:///{folder / 'store.db'}", destination=str(folder / "artifacts"))
    )
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def make_world(platform: Platform) -> Callable[[int], World]:
    def make(count: int) -> World:
        names = [f"run{next(_NAMES)}" for _ in range(count)]
        refs = [
            platform.store.writer.call(
                lambda tx, name=name, number=number: runs.insert_run(
                    tx, (name, 1, "n", "u", START + number, "mlflow-artifacts:/1")
                )
            )
            for number, name in enumerate(names)
        ]
        return World(platform, refs, {}, itertools.count(1 << 40))

    return make


values = st.floats(width=64) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 1e308, -1e308])
steps = st.integers(0, 30) | st.integers(-(2**40), 2**40) | st.sampled_from([0, -(2**63), 2**63 - 1])
times = st.integers(0, 40) | st.integers(0, 2**42)
points = st.lists(st.builds(Point, times, steps, values), max_size=30)
actions = st.one_of(
    st.tuples(
        st.just("log"), st.integers(0, 1), st.integers(0, 2), st.sampled_from(KEYS), points, st.booleans()
    ),
    st.just(("seal",)),
)
scripts = st.lists(actions, min_size=1, max_size=8)


def _play(world: World, action: tuple[Any, ...]) -> None:
    if action[0] == "seal":
        world.seal()
    else:
        _, run, attempt, key, logged, own = action
        # Attempts come one after the other, and a name comes after points without one.
        begun = any(
            name == world.names[run] and each.attempts[0].points
            for (name, _), each in world.histories.items()
            if 0 in each.attempts
        )
        attempt = min(attempt, world.refs[run].attempt + 1) if begun else 0
        world.log(run, attempt, key, logged, own=own)


def _lines(
    world: World, x: str, within: tuple[float | None, float | None] = (None, None)
) -> dict[object, Any]:
    """The model's lines of (x, point)."""
    low, high = (
        (-math.inf if within[0] is None else within[0]),
        (math.inf if within[1] is None else within[1]),
    )
    found: dict[object, Any] = {}
    for number, name in enumerate(world.names):
        other: dict[int, float] = {}
        for point in sorted(_visible(world, name, "b"), key=lambda each: each.order):
            other[point.step] = point.value
        for key in KEYS:
            line = []
            for point in _visible(world, name, key):
                place: Any = {
                    "step": point.step,
                    "time": point.time,
                    "relative": point.time - START - number,
                }.get(x)
                if x == "metric:b":
                    place = other.get(point.step, math.nan)
                    if not abs(place) <= 1e300:
                        continue
                if low <= place <= high:
                    line.append((place, point))
            found[name, key] = line
    return found


def _visible(world: World, name: str, key: str) -> list[Point]:
    history = world.histories.get((name, key))
    return history.visible() if history else []


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def _check(view: ChartView, drawn: Drawn) -> None:
    assert list(view.x) == [float(x) for x in drawn.x]
    assert view.series.keys() == drawn.lines.keys()
    for name, cells in drawn.lines.items():
        got = view.series[name]
        assert list(got.bucket) == list(cells), name
        for place, cell in enumerate(cells.values()):
            assert (got.points[place], got.nans[place]) == (cell.points, cell.nans)
            assert _same(got.min[place], cell.low)
            assert _same(got.max[place], cell.high)
            assert _is_mean(got.mean[place], cell.mean, cell.low, cell.high), (got.mean[place], cell)
        for end, expected in zip(view.ends[name], drawn.ends[name], strict=True):
            assert (math.isnan(end) and math.isnan(expected)) or end == float(expected)


def _is_mean(got: float, exact: float, low: float, high: float) -> bool:
    if not math.isfinite(exact):
        return got == exact or (math.isnan(got) and math.isnan(exact))
    if not low <= got <= high:
        return False
    # A sum has the rounding errors of its greatest addend; one beyond a double is known by its bounds only.
    greatest = max(abs(low), abs(high))
    return greatest > 1e306 or math.isclose(got, exact, rel_tol=1e-9, abs_tol=1e-11 * greatest + 5e-324)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
@given(
    scripts,
    st.sampled_from(["step", "time", "relative", "metric:b"]),
    st.integers(2, 40),
    st.none() | st.tuples(st.none() | st.integers(-5, 35), st.none() | st.integers(-5, 35)),
)
def test_a_chart_is_what_the_model_says(
    make_world: Callable[[int], World], script: Any, x: str, buckets: int, within: Any
) -> None:
    world = make_world(2)
    for action in script:
        _play(world, action)
    within = within or (None, None)
    if None not in within and within[0] > within[1]:
        within = within[::-1]
    view = Series(Direct(world.platform)).chart(world.names, KEYS, x=x, buckets=buckets, within=within)
    _check(view, draw(_lines(world, x, within), buckets))


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(scripts, st.sampled_from(["step", "time", "metric:b"]), st.integers(2, 40))
def test_a_chart_that_is_refreshed_is_the_chart_that_is_drawn_anew(
    make_world: Callable[[int], World], script: Any, x: str, buckets: int
) -> None:
    world = make_world(2)
    client = Series(Direct(world.platform))
    groups = {"all": world.names, "one": world.names[:1]}
    view = client.chart(world.names, KEYS, x=x, buckets=buckets, groups=groups)
    for action in script:
        _play(world, action)
        view = client.refresh(view)
        fresh = client.chart(world.names, KEYS, x=x, buckets=buckets, groups=groups)
        assert list(view.x) == list(fresh.x)
        _check_equal(view.series, fresh.series)
        _check_equal(view.groups, fresh.groups)
        assert repr(view.ends) == repr(fresh.ends)
        assert client.refresh(view) is view


def _check_equal(some: Any, others: Any) -> None:
    assert some.keys() == others.keys()
    for name in some:
        for field, column, other in zip(some[name]._fields, some[name], others[name], strict=True):
            if field in {"mean", "std"}:  # sealing may change the order in which a sum was added up
                assert list(column) == pytest.approx(list(other), rel=1e-9, abs=1e-9, nan_ok=True)
            else:
                assert column.tobytes() == other.tobytes(), (name, field)


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(scripts, st.integers(1, 60), st.none() | st.tuples(st.integers(-5, 35), st.integers(0, 40)))
def test_histories_come_whole_whatever_the_size_of_a_page(
    make_world: Callable[[int], World], script: Any, page_size: int, span: Any
) -> None:
    world = make_world(2)
    for action in script:
        _play(world, action)
    steps = (span[0], span[0] + span[1]) if span else None
    found = Series(Direct(world.platform)).points(world.names, KEYS, steps=steps, page_size=page_size)
    expected = {
        (name, key): [
            point
            for point in _visible(world, name, key)
            if steps is None or steps[0] <= point.step <= steps[1]
        ]
        for name in world.names
        for key in KEYS
    }
    got = {(each.run_id, each.key): each for each in found}
    assert list(got) == [name for name, line in expected.items() if line]
    for name, each in got.items():
        rows = list(zip(each.time, each.step, map(encode, each.value), strict=True))
        assert rows == [point.order for point in expected[name]]


def test_groups_are_averaged_over_their_runs(make_world: Callable[[int], World]) -> None:
    world = make_world(3)
    for run, (one, two) in enumerate([(1.0, 10.0), (2.0, 30.0), (6.0, math.nan)]):
        world.log(run, 0, "a", [Point(1, 0, one), Point(2, 1, two)], own=True)
    world.log(0, 0, "a", [Point(3, 1, 20.0)], own=True)
    view = Series(Direct(world.platform)).chart([], ["a"], groups={"g": world.names, "h": world.names[2:]})
    assert view.series == {}
    line = view.groups["g", "a"]
    assert list(line.bucket) == [0, 1]
    assert list(line.runs) == [3, 2]
    assert list(line.mean) == [3.0, 22.5]  # of the runs' means: 15 and 30 at step 1
    assert (list(line.min), list(line.max)) == ([1.0, 10.0], [6.0, 30.0])
    assert list(line.std) == pytest.approx([math.sqrt(14 / 3), 7.5])
    assert list(view.groups["h", "a"].bucket) == [0]
    assert list(view.groups["h", "a"].std) == [0.0]


def test_a_chart_that_grows_is_sent_its_tail_until_the_width_doubles(
    make_world: Callable[[int], World],
) -> None:
    world = make_world(1)
    transport = Direct(world.platform)
    client = Series(transport)

    def grow(begin: int, end: int) -> None:
        world.log(0, 0, "a", [Point(step, step, float(step)) for step in range(begin, end)], own=True)

    grow(0, 1000)
    view = client.chart(world.names, ["a"], buckets=300)
    whole, width = transport.bytes, view.width
    assert (view.mode, width, len(view.x)) == ("buckets", 4.0, 250)
    grow(1000, 1100)
    view = client.refresh(view)
    assert view.width == width
    assert transport.bytes < whole / 3
    assert list(view.series[world.names[0], "a"].points) == [4] * 275
    grow(1100, 1300)
    view = client.refresh(view)
    assert view.width == 2 * width
    assert list(view.series[world.names[0], "a"].points) == [8] * 162 + [4]


def test_a_late_point_is_not_missed(make_world: Callable[[int], World]) -> None:
    world = make_world(1)
    client = Series(Direct(world.platform))
    world.log(0, 0, "a", [Point(s, s, 0.0) for s in range(1000)], own=True)
    view = client.chart(world.names, ["a"], buckets=100)
    world.log(0, 0, "a", [Point(2000, 17, 99.0)], own=True)
    cells = client.refresh(view).series[world.names[0], "a"]
    assert cells.max[1] == 99.0
    assert cells.points[1] == 17


def test_single_precision_makes_no_infinities(make_world: Callable[[int], World]) -> None:
    world = make_world(1)
    world.log(0, 0, "a", [Point(1, 0, 1e300), Point(1, 1, math.inf), Point(1, 2, -1e300)], own=True)
    cells = (
        Series(Direct(world.platform))
        .chart(world.names, ["a"], precision="single")
        .series[world.names[0], "a"]
    )
    greatest = array("f", [3.4028234663852886e38])[0]
    assert list(cells.max) == [greatest, math.inf, -greatest]


def test_an_attempt_can_be_drawn_by_itself(make_world: Callable[[int], World]) -> None:
    world = make_world(1)
    world.log(0, 0, "a", [Point(s, s, 1.0) for s in range(10)], own=True)
    world.log(0, 1, "a", [Point(20 + s, s, 2.0) for s in range(5, 8)], own=True)
    client, name = Series(Direct(world.platform)), world.names[0]
    assert list(client.chart([name], ["a"]).series[name, "a"].mean) == [1.0] * 5 + [2.0] * 3
    assert list(client.chart([name], ["a"], attempt=0).series[name, "a"].mean) == [1.0] * 10
    assert list(client.chart([name], ["a"], attempt=1).series[name, "a"].mean) == [2.0] * 3
    assert client.chart([name], ["a"], attempt=2).series == {}
    assert [len(each.step) for each in client.points([name], ["a"], attempt=0)] == [10]


def test_a_fork_is_drawn_with_its_parents_history(make_world: Callable[[int], World]) -> None:
    world = make_world(2)
    world.log(0, 0, "a", [Point(s, s, 1.0) for s in range(100)], own=True)
    world.seal()
    parent, child = world.refs
    world.platform.store.writer.call(lambda tx: attempts.fork(tx, child, parent, 40))
    client = Series(Direct(world.platform))
    assert sum(client.chart([child.run_id], ["a"]).series[child.run_id, "a"].points) == 40
    world.log(1, 0, "a", [Point(200 + s, s, 2.0) for s in range(30, 50)], own=True)
    view = client.chart(world.names, ["a"])
    assert (
        list(view.series[child.run_id, "a"].mean) == [1.0] * 30 + [2.0] * 20
    )  # the run's own points begin at 30
    assert list(view.series[parent.run_id, "a"].mean) == [1.0] * 100


def test_runs_that_do_not_exist_are_named(make_world: Callable[[int], World]) -> None:
    world = make_world(1)
    world.log(0, 0, "a", [Point(1, 1, 1.0)], own=False)
    client = Series(Direct(world.platform))
    view = client.chart(["gone", *world.names], ["a", "never"])
    assert view.missing_run_ids == ["gone"]
    assert list(view.series) == [(world.names[0], "a")]
    assert isinstance(view.series[world.names[0], "a"], RunCells)
