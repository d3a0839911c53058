"""What keeps the store together: schema version, change clock and log, writers and their ledger, leases, stop requests, duties, jobs, stored objects.

Clock, lease and duty are narrow tables without secondary indexes: their rows change all the time.
"""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, NARROW, WITHOUT_ROWID, Bytes, Id, Int, text

version = Table(
    "hr_version",
    METADATA,
    Column("version_num", text(32), primary_key=True),
    Column(
        "oldest",
        text(32),
        comment="the oldest revision whose servers may use this schema; NULL: only its own",
    ),
)

clock = Table(
    "hr_clock",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Int, nullable=False),
    comment="one row: the number of the last committed change",
    info=NARROW,
)

change = Table(
    "hr_change",
    METADATA,
    Column("clock", Int, primary_key=True, autoincrement=False),
    Column(
        "kind",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        comment="what changed: see store/changes.py",
    ),
    Column(
        "subject", Id, primary_key=True, autoincrement=False, comment="id of the experiment, run or model"
    ),
    Column(
        "experiment",
        Id,
        primary_key=True,
        autoincrement=False,
        comment="where it is or was: a run that is moved stands here for both",
    ),
    comment="what each commit touched, the newest commits only",
    **WITHOUT_ROWID,
)

writer = Table(
    "hr_writer",
    METADATA,
    Column("number", Id, primary_key=True, autoincrement=True),
    Column("id", text(64), nullable=False, comment="the name that the client gave itself"),
    Column("seq", Int, nullable=False, comment="the last batch applied"),
    Column("records", Int, nullable=False, comment="records in all batches so far"),
    Column("result", Bytes, nullable=False, comment="the answer to the last batch"),
    Column("seen_at", Int, nullable=False),
    UniqueConstraint("id"),
    sqlite_autoincrement=True,  # the number is part of what makes points different from each other
)

ledger = Table(
    "hr_ledger",
    METADATA,
    Column(
        "run", Id, primary_key=True, autoincrement=False, comment="0 for records of runs that are not there"
    ),
    Column("writer", Id, primary_key=True, autoincrement=False),
    Column("stored", Int, nullable=False),
    Column("collapsed", Int, nullable=False, comment="replaced by a later record of the same batch"),
    Column("repeated", Int, nullable=False, comment="said what was stored already"),
    Column("late", Int, nullable=False, comment="stored although the run is deleted; part of stored"),
    Column("rejected", Int, nullable=False),
    comment="what became of each writer's records, per run",
    **WITHOUT_ROWID,
)

rejection = Table(
    "hr_rejection",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("writer", Id, primary_key=True, autoincrement=False),
    Column(
        "record", Int, primary_key=True, autoincrement=False, comment="the first record, counted per writer"
    ),
    Column("count", Int, nullable=False),
    Column("run_id", text(256), nullable=False),
    Column("what", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("at", Int, nullable=False),
    **WITHOUT_ROWID,
)

lease = Table(
    "hr_lease",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("until", Int, nullable=False),
    Column("length", Int, nullable=False, comment="milliseconds"),
    info=NARROW,
)

stop = Table(
    "hr_stop",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("asked_at", Int, nullable=False),
    Column("asked_by", text(250), nullable=False),
    Column("reason", text(), nullable=False),
    Column("seen_at", Int, comment="when the run said that it had heard"),
)

duty = Table(
    "hr_duty",
    METADATA,
    Column("name", text(64), primary_key=True),
    Column("holder", text(64), nullable=False),
    Column("until", Int, nullable=False),
    info=NARROW,
)

stored_object = Table(
    "hr_object",
    METADATA,
    Column("path", text(768), primary_key=True, comment="path below the artifact root"),
    Column("size", Int, nullable=False, comment="bytes"),
    Column("sha256", text(64), nullable=False, comment="lower-case hex; empty where origin is none"),
    Column(
        "origin", SmallInteger, nullable=False, comment="who computed the digest: 0 none, 1 server, 2 client"
    ),
    Column("created_at", Int, nullable=False),
    **WITHOUT_ROWID,
)

job = Table(
    "hr_job",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("job_id", text(64), nullable=False),
    Column("kind", text(64), nullable=False),
    Column("state", SmallInteger, nullable=False, comment="see api/jobs.py"),
    Column("request", text(), nullable=False, comment="JSON"),
    Column("actor", text(250), nullable=False),
    Column("total", Int, nullable=False),
    Column("done", Int, nullable=False),
    Column("failed", Int, nullable=False),
    Column("message", text(), nullable=False, comment="JSON: what failed and why, the first few"),
    Column("created_at", Int, nullable=False),
    Column("updated_at", Int, nullable=False),
    UniqueConstraint("job_id"),
    Index(None, "state", "id"),
)

job_part = Table(
    "hr_job_part",
    METADATA,
    Column("job", Id, primary_key=True, autoincrement=False),
    Column("number", Int, primary_key=True, autoincrement=False),
    Column("subjects", text(), nullable=False, comment="JSON: ids of runs or experiments, in order"),
    comment="what a job still has to do, written when it is made; a part is removed when it is done",
)
