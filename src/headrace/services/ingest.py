"""headrace's own ingest: numbered batches of writers, each applied exactly once; and the ledger of what became of their records.

The fence and every record of a batch are written in one transaction. What can be refused is refused before the fence; behind it nothing raises.
"""

from msgspec import UNSET

from headrace.api.ingest import (
    MAX_TOLD,
    Application,
    BlockAnswer,
    GetLedger,
    Ingest,
    IngestAnswer,
    Ledger,
    LedgerRejection,
    Rejection,
    StopNote,
    WriterCounts,
)
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.base import msgpack
from headrace.base.errors import Conflict, InvalidParameter
from headrace.services.context import Context
from headrace.services.ingest_blocks import apply_block, find_open_stop
from headrace.services.ingest_records import Account, measure_batch
from headrace.services.validation import check_page_size, get_run_id
from headrace.store import runs, writers
from headrace.store.transaction import RunRef
from headrace.store.writers import NOWHERE, Counts, Place, WriterRow

MAX_PAGE = 10_000
MAX_SHOWN_ID = 256


def send(context: Context, request: Ingest) -> IngestAnswer:
    """Apply a batch, or answer what became of it when it was applied."""
    sizes = measure_batch(request)
    last = writers.find_writer(context.conn, request.writer)
    last_seq = last.seq if last else 0
    if last is not None and request.seq <= last_seq:
        return _answer_again(last, request)
    if request.seq != last_seq + 1:
        raise Conflict(
            f"The next batch of the writer {request.writer!r} is {last_seq + 1}, but {request.seq} was sent: nothing of it was applied. "
            f"Send {last_seq + 1} first; if that is lost, go on under another writer's name, from batch 1."
        )
    first = last.records if last else 0
    now = context.now()
    number = writers.advance(context.tx, request.writer, last, sum(sizes), now)
    answer = IngestAnswer(
        seq=request.seq, last_seq=request.seq, applied=Application.NOW, first=first, records=sum(sizes)
    )
    ledger: dict[int, Counts] = {}
    begun: list[tuple[BlockAnswer, str]] = []
    for block, size in zip(request.runs, sizes, strict=True):
        account = Account(first, size)
        first += size
        run = apply_block(context, block, number, now, account)
        counts = account.count(late=run is not None and run.deleted)
        shown_id = block.run_id[:MAX_SHOWN_ID].replace("\0", "")
        _add_to_answer(answer, shown_id, counts, account)
        place = NOWHERE if run is None else run.id
        ledger[place] = Counts(*map(sum, zip(ledger.get(place, Counts()), counts, strict=True)))
        writers.insert_rejections(context.tx, number, place, shown_id, account.refusals, now)
        if run is not None:
            answer.runs.append(_describe_run(context, run))
            if block.start is not UNSET:
                begun.append((answer.runs[-1], run.artifact_uri))
    writers.add_to_ledger(context.tx, number, ledger)
    writers.keep_result(context.tx, number, msgpack.encode(answer))
    for told, artifact_uri in begun:
        told.artifact_uri = artifact_uri  # not kept: earlier versions would not understand the answer
    return answer


def _answer_again(last: WriterRow, request: Ingest) -> IngestAnswer:
    """Return the answer to a batch that was applied before, of the runs that this request names: those are permitted."""
    if request.seq < last.seq:
        return IngestAnswer(seq=request.seq, last_seq=last.seq, applied=Application.LONG_BEFORE)
    answer = msgpack.decode(last.result, IngestAnswer)
    answer.applied = Application.BEFORE
    named = {block.run_id for block in request.runs}
    answer.runs = [each for each in answer.runs if each.run_id in named]
    answer.rejected = [each for each in answer.rejected if each.run_id in named]
    return answer


def _add_to_answer(answer: IngestAnswer, run_id: str, counts: Counts, account: Account) -> None:
    answer.stored += counts.stored
    answer.collapsed += counts.collapsed
    answer.repeated += counts.repeated
    answer.late += counts.late
    answer.rejected += [
        Rejection(record=each.record, count=each.size, run_id=run_id, what=each.what, reason=each.reason)
        for each in account.refusals[: MAX_TOLD - len(answer.rejected)]
    ]


def _describe_run(context: Context, run: RunRef) -> BlockAnswer:
    answer = BlockAnswer(run_id=run.run_id, attempt=run.attempt, experiment_id=str(run.experiment))
    stop = find_open_stop(context, run)
    if stop is not None:
        answer.stop = StopNote(reason=stop.reason, asked_at=stop.asked_at, asked_by=stop.asked_by)
    return answer


def ledger(context: Context, request: GetLedger) -> Ledger:
    """Return what became of the records sent for a run."""
    run_id = get_run_id(request.run_id)
    limit = check_page_size(request.max_results, MAX_PAGE)
    question = question_digest(run_id, request.writer)
    place = _read_place(decode_token(request.page_token, question))
    run = runs.find_run(context.conn, run_id)
    found = [NOWHERE] if run is None else [NOWHERE, run.id]
    rows = writers.rejections_of(context.conn, found, run_id, request.writer, place, limit + 1)
    answer = Ledger(
        run_id=run_id,
        rejections=[
            LedgerRejection(writer=name, record=record, count=count, what=what, reason=reason, at=at)
            for _, _, record, name, count, what, reason, at in rows[:limit]
        ],
    )
    if run is not None:
        answer.writers = [
            WriterCounts(
                writer=name,
                last_seq=seq,
                seen_at=seen_at,
                stored=stored,
                collapsed=collapsed,
                repeated=repeated,
                late=late,
                rejected=rejected,
            )
            for name, seq, seen_at, stored, collapsed, repeated, late, rejected in writers.ledger_of(
                context.conn, run, request.writer
            )
        ]
    if len(rows) > limit:
        answer.next_page_token = encode_token(question, list(rows[limit - 1][:3]))
    return answer


def _read_place(place: list[object] | None) -> Place:
    match place:
        case None:
            return Place(NOWHERE, 0, -1)
        case [int(run), int(writer), int(record)]:
            return Place(run, writer, record)
        case _:
            raise InvalidParameter(
                "The page_token does not fit this ledger; start again from the first page."
            )
