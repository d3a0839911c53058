"""What keeps the store together: schema version, change clock and log, writers, leases, duties, stored objects.

Clock, lease and duty are narrow tables without secondary indexes: their rows change all the time.
"""

from sqlalchemy import Column, LargeBinary, SmallInteger, Table

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

version = Table("hr_version", METADATA, Column("version_num", text(32), primary_key=True))

clock = Table(
    "hr_clock",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Int, nullable=False),
    comment="one row: the number of the last committed change",
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
    Column("experiment", Id, nullable=False),
    comment="what each commit touched, the newest commits only",
    **WITHOUT_ROWID,
)

writer = Table(
    "hr_writer",
    METADATA,
    Column("id", text(64), primary_key=True),
    Column("seq", Int, nullable=False, comment="the last batch applied"),
    Column("result", LargeBinary, nullable=False, comment="the answer to that batch"),
    Column("seen_at", Int, nullable=False),
)

lease = Table(
    "hr_lease",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("until", Int, nullable=False),
)

duty = Table(
    "hr_duty",
    METADATA,
    Column("name", text(64), primary_key=True),
    Column("holder", text(64), nullable=False),
    Column("until", Int, nullable=False),
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
