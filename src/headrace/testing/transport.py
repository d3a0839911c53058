"""What every transport promises, as tests. Inherit `TransportContract` and give a fixture `transport`."""

import hashlib
import io
import math
import threading
import time
from array import array
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.api import artifacts, changes, experiments, ingest, metrics, runs, series
from headrace.base.errors import AlreadyExists, HeadraceError, InvalidParameter, NotFound
from headrace.base.ids import new_run_id
from headrace.base.json import wire_float
from headrace.client.transport import Download, Transport

_LATE_S = 10.0
_WAIT_MS = 300


class TransportContract:
    """Tests of a transport.

    A subclass gives the fixture `transport`: a new one for each test, on a store that tests may fill, which carries artifacts.
    """

    def test_an_answer_is_the_struct_of_its_row(self, transport: Transport) -> None:
        """A call gives what the table says."""
        answer = transport.call(experiments.GET, experiments.GetExperiment(experiment_id="0"))
        assert type(answer) is experiments.ExperimentAnswer
        assert answer.experiment.name == "Default"

    def test_a_refusal_is_an_error_of_the_tree(self, transport: Transport) -> None:
        """Errors keep their class."""
        name = new_run_id()
        transport.call(experiments.CREATE, experiments.CreateExperiment(name=name))
        with pytest.raises(AlreadyExists, match=name):
            transport.call(experiments.CREATE, experiments.CreateExperiment(name=name))
        with pytest.raises(NotFound):
            transport.call(experiments.GET, experiments.GetExperiment(experiment_id="987654321"))
        with pytest.raises(InvalidParameter):
            transport.call(experiments.GET, experiments.GetExperiment(experiment_id="x"))

    def test_a_value_of_a_wrong_type_is_refused(self, transport: Transport) -> None:
        """The types of the structs hold, although Python does not check them."""
        request = experiments.CreateExperiment(name=7)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameter, match="name"):
            transport.call(experiments.CREATE, request)
        with pytest.raises(InvalidParameter):
            transport.call(experiments.CREATE, experiments.CreateExperiment(name=object()))  # type: ignore[arg-type]

    def test_floats_arrive_as_they_were_sent(self, transport: Transport) -> None:
        """NaN, the infinities and the last bit survive the way there and back."""
        values = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
        created = transport.call(runs.CREATE, runs.CreateRun(experiment_id="0"))
        run_id = created.run.info.run_id
        points = [
            metrics.Metric(key="m", value=wire_float(each), timestamp=1, step=n)
            for n, each in enumerate(values)
        ]
        transport.call(runs.LOG_BATCH, runs.LogBatch(run_id=run_id, metrics=points))
        page = transport.call(metrics.GET_HISTORY, metrics.GetHistory(run_id=run_id, metric_key="m"))
        found = [point.value for point in page.metrics or ()]
        assert [repr(float(each)) for each in found] == [repr(each) for each in values]

    def test_bytes_arrive_as_they_were_sent(self, transport: Transport) -> None:
        """Rows that carry bytes carry them whole, with every bit of the numbers in them."""
        values = array("d", [0.1, -0.0, 5e-324, math.inf, -math.inf, math.nan, *range(50_000)])
        numbers = array("q", range(len(values)))
        run_id = new_run_id()
        columns = ingest.MetricColumns(
            series=[ingest.MetricSeries(key="m", count=len(values))],
            time=numbers.tobytes(),
            step=numbers.tobytes(),
            value=values.tobytes(),
        )
        start = ingest.StartRecord(experiment_id="0", start_time=0)
        block = ingest.RunBlock(run_id=run_id, start=start, params=[("p", "é")], metrics=columns)
        batch = ingest.Ingest(format=ingest.FORMAT, writer=run_id, seq=1, runs=[block])
        answer = transport.call(ingest.SEND, batch)
        assert (answer.stored, answer.rejected) == (len(values) + 2, [])
        found = transport.call(series.POINTS, series.GetPoints(run_ids=[run_id], keys=["m"]))
        assert (found.time, found.step, found.value) == (columns.time, columns.step, columns.value)

    def test_a_wrong_type_is_refused_by_rows_that_carry_bytes_too(self, transport: Transport) -> None:
        """The types of the structs hold there as well."""
        for run_ids in (7, ["a", 7], [object()], "a"):
            with pytest.raises(InvalidParameter):
                transport.call(series.POINTS, series.GetPoints(run_ids=run_ids, keys=["m"]))  # type: ignore[arg-type]

    def test_a_call_that_waits_ends_in_time(self, transport: Transport) -> None:
        """Without news, the answer comes when the wait is over, and says where to go on."""
        now = transport.call(changes.FOLLOW, changes.FollowChanges())
        begin_s = time.monotonic()
        request = changes.FollowChanges(cursor=now.cursor, wait_ms=_WAIT_MS, run_ids=[new_run_id()])
        answer = transport.call(changes.FOLLOW, request)
        assert _WAIT_MS / 1000 - 0.01 <= time.monotonic() - begin_s < _LATE_S
        assert not answer.is_news()
        assert int(answer.cursor) >= int(now.cursor)

    def test_a_call_that_waits_is_answered_when_there_is_news(self, transport: Transport) -> None:
        """A commit ends the wait, and is told once."""
        run_id = transport.call(runs.CREATE, runs.CreateRun(experiment_id="0")).run.info.run_id
        cursor: str | int = transport.call(changes.FOLLOW, changes.FollowChanges()).cursor
        told: list[str] = []
        for number in range(3):
            request = runs.SetTag(run_id=run_id, key="k", value=str(number))
            timer = threading.Timer(0.1, transport.call, (runs.SET_TAG, request))
            timer.start()
            begin_s = time.monotonic()
            answer = transport.call(
                changes.FOLLOW, changes.FollowChanges(cursor=cursor, wait_ms=30_000, run_ids=[run_id])
            )
            assert time.monotonic() - begin_s < _LATE_S
            told += [change.id for change in answer.changes]
            cursor = answer.cursor
            timer.join()
        assert told == [run_id] * 3

    def test_a_file_comes_back_as_it_was_sent(self, transport: Transport) -> None:
        """Bytes, size and digest are those of the upload."""
        data = bytes(range(256)) * 5000
        key = _upload(transport, data)
        with _download(transport, key) as download:
            assert (download.offset, download.size) == (0, len(data))
            assert download.sha256 in {None, hashlib.sha256(data).hexdigest()}
            assert _read(download) == data

    def test_an_empty_file_is_a_file(self, transport: Transport) -> None:
        """Zero bytes are kept as such."""
        with _download(transport, _upload(transport, b"")) as download:
            assert download.size == 0
            assert download.read(10) == b""

    def test_a_download_goes_on_where_it_broke(self, transport: Transport) -> None:
        """The rest of the same version is sent."""
        key = _upload(transport, b"0123456789")
        with _download(transport, key) as first:
            version = first.version
            assert version
            assert _read(first) == b"0123456789"
        with _download(transport, key, offset=4, version=version) as rest:
            assert (rest.offset, rest.size, rest.version) == (4, 10, version)
            assert _read(rest) == b"456789"

    def test_a_download_of_another_version_begins_anew(self, transport: Transport) -> None:
        """The rest of a file that has changed does not follow what came of the old one."""
        key = _upload(transport, b"0123456789")
        with _download(transport, key) as first:
            version = first.version
            _read(first)
        _upload(transport, b"abcdefghijkl", key)
        with _download(transport, key, offset=4, version=version) as download:
            assert download.offset == 0
            assert _read(download) == b"abcdefghijkl"

    def test_a_missing_file_is_not_found(self, transport: Transport) -> None:
        """A download of nothing raises at once."""
        with pytest.raises(NotFound):
            _download(transport, f"0/{new_run_id()}/artifacts/nothing")

    def test_a_hostile_path_is_refused(self, transport: Transport) -> None:
        """A key that leads elsewhere is refused, whoever checks it."""
        for key in ("../secret", "a/../../secret", "/etc/passwd", "a\\b", "C:/x", ""):
            with pytest.raises(InvalidParameter):
                _upload(transport, b"x", key or "/")
            with pytest.raises(InvalidParameter):
                _download(transport, key or "/")

    def test_an_upload_that_breaks_off_leaves_nothing(self, transport: Transport) -> None:
        """A file with fewer bytes than promised is refused and does not appear."""
        key = f"0/{new_run_id()}/artifacts/short"
        request = artifacts.ProxyPath(artifact_path=key)
        with pytest.raises(HeadraceError, match="shorter"):
            transport.upload(artifacts.PROXY_PUT, request, io.BytesIO(b"x" * 3_000_000), 4_000_000)
        with pytest.raises(NotFound):
            _download(transport, key)

    def test_a_deleted_file_is_gone_and_may_be_deleted_again(self, transport: Transport) -> None:
        """Deleting is by effect: what is not there need not be deleted."""
        key = _upload(transport, b"x")
        for _ in range(2):
            transport.call(artifacts.PROXY_DELETE, artifacts.ProxyPath(artifact_path=key))
        with pytest.raises(NotFound):
            _download(transport, key)

    def test_threads_share_a_transport(self, transport: Transport) -> None:
        """Calls of many threads at once do not disturb each other."""
        created = transport.call(runs.CREATE, runs.CreateRun(experiment_id="0"))
        run_id = created.run.info.run_id

        def log(step: int) -> None:
            request = metrics.LogMetric(run_id=run_id, key="m", value=step, timestamp=1, step=step)
            transport.call(metrics.LOG, request)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(log, range(200)))
        page = transport.call(metrics.GET_HISTORY, metrics.GetHistory(run_id=run_id, metric_key="m"))
        assert sorted(point.step for point in page.metrics or ()) == list(range(200))

    def test_it_says_how_it_is(self, transport: Transport) -> None:
        """Health and version are told."""
        assert transport.is_healthy()
        assert transport.version()[0].isdigit()

    def test_after_close_calls_are_refused(self, transport: Transport) -> None:
        """Closing ends the use, and may be done twice."""
        request = experiments.GetExperiment(experiment_id="0")
        transport.call(experiments.GET, request)
        transport.close()
        transport.close()
        with pytest.raises(InvalidParameter, match="closed"):
            transport.call(experiments.GET, request)
        assert not transport.is_healthy()

    def test_a_row_without_bytes_is_no_stream(self, transport: Transport) -> None:
        """A mistake in the program is told, not sent."""
        with pytest.raises(TypeError, match="no stream"):
            transport.download(experiments.GET, experiments.GetExperiment(experiment_id="0"))


def _upload(transport: Transport, data: bytes, key: str = "") -> str:
    key = key or f"0/{new_run_id()}/artifacts/file.bin"
    transport.upload(artifacts.PROXY_PUT, artifacts.ProxyPath(artifact_path=key), io.BytesIO(data), len(data))
    return key


def _download(transport: Transport, key: str, offset: int = 0, version: str = "") -> Download:
    request = artifacts.ProxyPath(artifact_path=key)
    return transport.download(artifacts.PROXY_GET, request, offset=offset, version=version)


def _read(download: Download) -> bytes:
    data = b""
    while part := download.read(100_000):
        data += part
    return data
