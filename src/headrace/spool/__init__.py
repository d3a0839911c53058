"""The durable queue between a training process and where its records go: a log on the local disk that a background thread sends, each record once.

Who uses it needs two modules: `headrace.spool.contract` (Destination, SpoolSettings, PointContext, NO_CONTEXT, Backlog, Counts) and
`headrace.spool.writer` (open_spool, Spool, RunLog); what was left by processes that are gone is the matter of `headrace.spool.recover`.

From the bottom: record (bytes of a record), segment (a file of records), folder (where files lie, and the lock of their owner), place (how far the
sending is), batches (records to blocks of ingest), delivery (one batch after another, exactly once), uploads (files that wait), sender (the thread),
writer (the face).
"""
