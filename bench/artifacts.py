"""The case of artifacts through the server: one large file up and down, small files, and what memory that takes."""

import os
import time
from collections.abc import Callable

from plan import Plan
from processes import measure_peak_mib, reset_peaks
from target import Sample, Target
from wire import Connection, RequestFailed, build_request

_FOLDER = "/api/2.0/mlflow-artifacts/artifacts/bench"
_BLOCK_BYTES = 1 << 20
_SMALL_BYTES = 1_024


def measure_artifacts(target: Target, plan: Plan, repetition: int) -> Sample:
    """Measure artifacts; the figure is the upload in MB/s, the rest stands in the details.

    A server that has no such endpoint gives a sample without figure and a note.
    """
    folder = f"{_FOLDER}/{repetition}"
    size_bytes = plan.artifact_mib << 20
    with target.server.connect() as connection:
        probe = build_request(
            connection.address, "PUT", f"{folder}/probe.bin", b"x", "application/octet-stream"
        )
        answer = connection.exchange(probe)
        if answer.status >= 300:
            return Sample(None, note=f"has no such endpoint: HTTP {answer.status}")
        before_mib = target.server.measure_memory().rss_mib
        reset_peaks(target.server.pid)
        up_s = _time_upload(connection, f"{folder}/large.bin", size_bytes)
        down_s = _time_download(connection, f"{folder}/large.bin", size_bytes)
        growth_mib = measure_peak_mib(target.server.pid) - before_mib
        data = os.urandom(_SMALL_BYTES)
        ups = _count_small(connection, folder, plan, lambda path: _put_small(connection, path, data))
        downs = _count_small(connection, folder, plan, lambda path: _get_small(connection, path, data))
    return Sample(
        round(size_bytes / 1e6 / up_s, 1),
        done=1,
        planned=1,
        details={
            "down_mb_per_s": round(size_bytes / 1e6 / down_s, 1),
            "small_up_per_s": ups,
            "small_down_per_s": downs,
            "rss_growth_mib": round(max(0.0, growth_mib), 1),
        },
    )


def _time_upload(connection: Connection, path: str, size_bytes: int) -> float:
    block = os.urandom(_BLOCK_BYTES)
    begin_s = time.perf_counter()
    answer = connection.upload(path, size_bytes, block)
    if answer.status >= 300:
        raise RequestFailed("a large upload", answer.status, answer.body)
    return time.perf_counter() - begin_s


def _time_download(connection: Connection, path: str, size_bytes: int) -> float:
    begin_s = time.perf_counter()
    answer = connection.exchange(build_request(connection.address, "GET", path), keep_body=False)
    if answer.status >= 300 or answer.size_bytes != size_bytes:
        raise RequestFailed(
            f"a download of {answer.size_bytes} of {size_bytes} bytes", answer.status, answer.body
        )
    return time.perf_counter() - begin_s


def _put_small(connection: Connection, path: str, data: bytes) -> None:
    answer = connection.exchange(
        build_request(connection.address, "PUT", path, data, "application/octet-stream")
    )
    if answer.status >= 300:
        raise RequestFailed("a small upload", answer.status, answer.body)


def _get_small(connection: Connection, path: str, data: bytes) -> None:
    answer = connection.exchange(build_request(connection.address, "GET", path))
    if answer.status >= 300 or answer.body != data:
        raise RequestFailed("a small download", answer.status, answer.body)


def _count_small(connection: Connection, folder: str, plan: Plan, move: Callable[[str], None]) -> float:
    """Move small files one after the other; give files a second. Each round begins on a new connection."""
    connection.close()
    count = 0
    begin_s = time.perf_counter()
    while count < plan.small_files and time.perf_counter() - begin_s < plan.budget_s:
        move(f"{folder}/small/f{count}.bin")
        count += 1
    return round(count / (time.perf_counter() - begin_s), 1)
