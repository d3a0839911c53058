"""Ingest, from the client's side: one call for a batch, one for the ledger. Numbering and keeping batches is the caller's business."""

from collections.abc import Sequence

from msgspec import UNSET

from headrace.api import ingest as rows
from headrace.api.ingest import FORMAT, Ingest, IngestAnswer, Ledger, RunBlock
from headrace.client.transport import Transport


class IngestCalls:
    """Calls of headrace's own ingest.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, writer: str, seq: int, runs: Sequence[RunBlock]) -> IngestAnswer:
        """Send a batch. It may be sent again, here or to another server of the same store: it is applied once.

        Args:
            writer: 1 to 64 letters, digits, or any of ``_ . : -``, unique among all clients.
            seq: the batch's number: 1, and one more after each answer.
            runs: what the batch says of each run.

        Raises:
            Conflict: it is not the writer's next batch; nothing was applied. The message names the one expected.
            InvalidParameter: the batch as a whole is malformed or too large; nothing was applied.
        """
        request = Ingest(format=FORMAT, writer=writer, seq=seq, runs=list(runs))
        return self._transport.call(rows.SEND, request)

    def ledger(
        self, run_id: str, writer: str = "", *, max_results: int = 1000, page_token: str = ""
    ) -> Ledger:
        """Return what became of the records sent for a run: counts by writer, and a page of what was rejected.

        Args:
            run_id: the run.
            writer: only of this writer; empty for all.
            max_results: rejections of the page, at most 10,000.
            page_token: the `next_page_token` of the page before.

        Raises:
            InvalidParameter: a value is not allowed.
        """
        request = rows.GetLedger(run_id=run_id, writer=writer, max_results=max_results, page_token=page_token)
        return self._transport.call(rows.LEDGER, request)


def get_whole_ledger(calls: IngestCalls, run_id: str) -> Ledger:
    """Return what became of the records sent for a run, with all that was rejected.

    Args:
        calls: of the client to ask.
        run_id: the run.
    """
    ledger = page = calls.ledger(run_id)
    while page.next_page_token:
        page = calls.ledger(run_id, page_token=page.next_page_token)
        ledger.rejections += page.rejections
    ledger.next_page_token = UNSET
    return ledger
