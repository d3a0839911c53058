"""Ingest through both kinds of clients: of a server of its own, and of a database in this process."""

import math
import struct
import uuid

import pytest

from headrace.api.ingest import (
    Application,
    AttemptRecord,
    MetricColumns,
    MetricSeries,
    RunBlock,
    StartRecord,
    StatusRecord,
)
from headrace.api.runs import RunStatus
from headrace.base.errors import Conflict, InvalidParameter
from headrace.client import Client


def _block(run_id: str, values: list[float]) -> RunBlock:
    count = len(values)
    return RunBlock(
        run_id=run_id,
        start=StartRecord(experiment_name="ingested", run_name="first"),
        attempt=AttemptRecord(name="job/0"),
        params=[("lr", "0.1")],
        tags=[("team", "blue")],
        metrics=MetricColumns(
            series=[MetricSeries(key="loss", count=count)],
            time=struct.pack(f"<{count}q", *range(count)),
            step=struct.pack(f"<{count}q", *range(count)),
            value=struct.pack(f"<{count}d", *values),
        ),
        status=StatusRecord(status=RunStatus.FINISHED, end_time=count),
    )


@pytest.mark.parametrize("count", [3, 300])
def test_a_batch_sent_twice_is_there_once(client: Client, count: int) -> None:
    run_id, writer = uuid.uuid4().hex, uuid.uuid4().hex
    values = [math.inf, *(step / 7 for step in range(1, count - 1)), math.nan]
    first = client.ingest.send(writer, 1, [_block(run_id, values)])
    assert (first.applied, first.stored, first.records) == (Application.NOW, count + 5, count + 5)
    again = client.ingest.send(writer, 1, [_block(run_id, values)])
    assert (again.applied, again.stored, again.records) == (Application.BEFORE, count + 5, count + 5)
    run = client.runs.get(run_id)
    assert (run.info.run_name, run.info.status, run.info.end_time) == ("first", RunStatus.FINISHED, count)
    found = [point.value for point in client.metrics.history(run_id, "loss")]
    assert [repr(float(each)) for each in found] == [repr(each) for each in values]
    ledger = client.ingest.ledger(run_id)
    assert [(each.writer, each.stored, each.rejected) for each in ledger.writers] == [(writer, count + 5, 0)]


def test_a_batch_out_of_turn_is_a_conflict(client: Client) -> None:
    run_id, writer = uuid.uuid4().hex, uuid.uuid4().hex
    with pytest.raises(Conflict, match="is 1, but 2 was sent"):
        client.ingest.send(writer, 2, [_block(run_id, [1.0])])
    client.ingest.send(writer, 1, [_block(run_id, [1.0])])
    client.ingest.send(writer, 2, [_block(run_id, [2.0])])
    assert client.ingest.send(writer, 1, [_block(run_id, [1.0])]).applied is Application.LONG_BEFORE


def test_what_was_rejected_can_be_paged_through(client: Client) -> None:
    run_id, writer = uuid.uuid4().hex, uuid.uuid4().hex
    block = RunBlock(
        run_id=run_id,
        start=StartRecord(experiment_name="ingested"),
        params=[("a", str(number)) for number in range(5)],
    )
    assert len(client.ingest.send(writer, 1, [block]).rejected) == 4
    whole = client.ingest.ledger(run_id, writer).rejections
    assert [each.record for each in whole] == [2, 3, 4, 5]
    paged, token = [], ""
    for _ in range(2):
        page = client.ingest.ledger(run_id, max_results=2, page_token=token)
        paged += page.rejections
        token = page.next_page_token or ""
    assert (paged, token) == (whole, "")


def test_a_malformed_batch_is_refused(client: Client) -> None:
    with pytest.raises(InvalidParameter, match="a b"):
        client.ingest.send("a b", 1, [RunBlock(run_id="run")])
    with pytest.raises(InvalidParameter, match="name one"):
        client.ingest.send("w", 1, [])
    with pytest.raises(InvalidParameter, match="lease_ms"):
        client.ingest.send("w", 1, [RunBlock(run_id="run", lease_ms=0)])
