"""What a statement that changes a schema does to servers that go on meanwhile: what it locks, whether it rewrites a table, for about how long.

The rules are those of the databases' manuals; tests hold them against the locks and files of real servers. A statement that no rule knows is taken for
the worst. Times come from the number of rows and rates that were measured once: they give an order of magnitude and no more.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from sqlalchemy.engine.interfaces import Dialect as SqlDialect

from headrace.store.catalogues import Size


class Work(Enum):
    """What a statement has to go through, by which its time is guessed."""

    NOTHING = "nothing"
    SCAN = "reads the table"
    INDEX = "reads the table and sorts it"
    REWRITE = "writes the table anew"
    ROWS = "changes rows"
    UNKNOWN = "unknown, taken for the worst"


class Effect(NamedTuple):
    """What a statement does.

    Args:
        statement: the SQL.
        what: in words.
        table: the table concerned; empty if none is.
        lock: the lock that it takes on the table, as the database calls it.
        blocks: what of others waits for it.
        work: what it has to go through.
        rows: how many rows the table has, about.
        seconds: how long it works, about; waiting for locks is not in it.
    """

    statement: str
    what: str
    table: str
    lock: str
    blocks: str
    work: Work
    rows: int
    seconds: float


class Rule(NamedTuple):
    """What statements of one kind do on one database."""

    what: str
    lock: str
    blocks: str
    work: Work = Work.NOTHING


NOBODY = "nobody"
MOMENT = "reads and writes, for a moment"
WRITES = "writes"
ALL = "reads and writes"
SAME_ROWS = "writes of the same rows"

SECONDS_AT_LEAST = 0.05
"""What a statement costs by itself: a commit, and the catalogue."""

RATES: dict[str, dict[Work, int]] = {
    "sqlite": {Work.SCAN: 2_500_000, Work.INDEX: 900_000, Work.REWRITE: 2_000_000, Work.ROWS: 500_000},
    "postgresql": {Work.SCAN: 10_000_000, Work.INDEX: 700_000, Work.REWRITE: 350_000, Work.ROWS: 70_000},
    "mysql": {Work.SCAN: 2_000_000, Work.INDEX: 500_000, Work.REWRITE: 250_000, Work.ROWS: 130_000},
}
"""Rows a second: 10⁶ rows of `hr_tag` on two cores and a local disk, with SQLite 3.40, PostgreSQL 18.4 and MariaDB 10.11."""

_NAME = r"[`\"]?(?P<table>\w+)[`\"]?"
_ALTER = rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} "
_COLUMN = r"[`\"]?(?P<column>\w+)[`\"]?"

# The first pattern that fits says what a statement is. Those that make a column by reckoning come before those that only add it.
_KINDS: list[tuple[str, str]] = [
    ("create table", rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME} "),
    ("drop table", rf"DROP TABLE (?:IF EXISTS )?{_NAME}$"),
    (
        "create index concurrently",
        rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?{_COLUMN} ON {_NAME} ",
    ),
    ("create index", rf"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?{_COLUMN} ON {_NAME} "),
    ("drop index concurrently", rf"DROP INDEX CONCURRENTLY (?:IF EXISTS )?{_COLUMN}$"),
    ("drop index", rf"DROP INDEX (?:IF EXISTS )?{_COLUMN}(?: ON {_NAME})?$"),
    ("drop index", _ALTER + rf"DROP (?:INDEX|KEY) {_COLUMN}$"),
    ("comment", rf"COMMENT ON TABLE {_NAME} "),
    ("comment", rf"COMMENT ON COLUMN {_NAME}\.{_COLUMN} "),
    (
        "add reckoned column",
        _ALTER
        + rf"ADD (?:COLUMN )?{_COLUMN} .*(?:\bGENERATED\b|\b(?:BIG|SMALL)?SERIAL\b|\bAUTO_INCREMENT\b|DEFAULT \(?[\w.]+ ?\()",
    ),
    ("add constraint", _ALTER + r"ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY)\b"),
    ("add constraint by scan", _ALTER + r"ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY|EXCLUDE)\b"),
    ("add column", _ALTER + rf"ADD (?:COLUMN )?{_COLUMN} "),
    ("drop column", _ALTER + rf"DROP COLUMN {_COLUMN}$"),
    ("drop constraint", _ALTER + rf"DROP CONSTRAINT {_COLUMN}$"),
    ("set storage", _ALTER + rf"ALTER (?:COLUMN )?{_COLUMN} SET STORAGE "),
    ("set options", _ALTER + r"SET \("),
    ("set not null", _ALTER + rf"ALTER (?:COLUMN )?{_COLUMN} SET NOT NULL"),
    ("set default", _ALTER + rf"ALTER (?:COLUMN )?{_COLUMN} (?:SET|DROP) DEFAULT"),
    ("set default", _ALTER + rf"ALTER (?:COLUMN )?{_COLUMN} DROP NOT NULL"),
    ("change column", _ALTER + rf"ALTER (?:COLUMN )?{_COLUMN} (?:SET DATA )?TYPE "),
    ("change column", _ALTER + rf"(?:MODIFY|CHANGE) (?:COLUMN )?{_COLUMN} "),
    ("rename", _ALTER + r"RENAME "),
    ("rename", rf"RENAME TABLE {_NAME} "),
    ("change rows", rf"UPDATE {_NAME} "),
    ("change rows", rf"DELETE FROM {_NAME}(?: |$)"),
    ("add rows", rf"INSERT INTO {_NAME} "),
]
_COMPILED = [(kind, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for kind, pattern in _KINDS]

_EXCLUSIVE, _SHARED = "ACCESS EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"
_POSTGRESQL = {
    "create table": Rule("makes the table {table}", "none", NOBODY),
    "drop table": Rule("removes the table {table}", _EXCLUSIVE, ALL),
    "create index concurrently": Rule(
        "makes the index {column} of {table} while servers write", _SHARED, NOBODY, Work.INDEX
    ),
    "create index": Rule("makes the index {column} of {table}", "SHARE", WRITES, Work.INDEX),
    "drop index concurrently": Rule("removes the index {column} while servers write", _SHARED, NOBODY),
    "drop index": Rule("removes the index {column}", _EXCLUSIVE, MOMENT),
    "comment": Rule("says what a part of {table} is", _SHARED, NOBODY),
    "add reckoned column": Rule("adds the column {table}.{column}, with a value for each row", _EXCLUSIVE, ALL, Work.REWRITE),
    "add constraint": Rule("adds a key to {table}", _EXCLUSIVE, ALL, Work.INDEX),
    "add constraint by scan": Rule("adds a condition to {table}", _EXCLUSIVE, ALL, Work.SCAN),
    "add column": Rule("adds the column {table}.{column}; rows stay as they are", _EXCLUSIVE, MOMENT),
    "drop column": Rule("takes the column {table}.{column} out of sight", _EXCLUSIVE, MOMENT),
    "drop constraint": Rule("removes a condition of {table}", _EXCLUSIVE, MOMENT),
    "set storage": Rule("changes how new values of {table}.{column} are stored", _EXCLUSIVE, MOMENT),
    "set options": Rule("changes how new pages of {table} are filled, or the like", _SHARED, NOBODY),
    "set not null": Rule("forbids NULL in {table}.{column}", _EXCLUSIVE, ALL, Work.SCAN),
    "set default": Rule("changes the default of {table}.{column}", _EXCLUSIVE, MOMENT),
    "change column": Rule("changes the type of {table}.{column}", _EXCLUSIVE, ALL, Work.REWRITE),
    "rename": Rule("renames a part of {table}", _EXCLUSIVE, MOMENT),
    "change rows": Rule("changes rows of {table}", "ROW EXCLUSIVE", SAME_ROWS, Work.ROWS),
    "add rows": Rule("adds rows to {table}", "ROW EXCLUSIVE", NOBODY),
}  # fmt: skip
_META = "metadata lock"
_MYSQL = _POSTGRESQL | {
    "drop table": Rule("removes the table {table}", _META, ALL),
    "create index": Rule("makes the index {column} of {table} while servers write", _META, MOMENT, Work.INDEX),
    "drop index": Rule("removes the index {column} of {table}", _META, MOMENT),
    "add reckoned column": Rule("adds the column {table}.{column}, with a value for each row", _META, WRITES, Work.REWRITE),
    "add constraint": Rule("adds a key to {table} while servers write", _META, MOMENT, Work.INDEX),
    "add constraint by scan": Rule("adds a condition to {table}", _META, WRITES, Work.REWRITE),
    "add column": Rule("adds the column {table}.{column}; rows stay as they are", _META, MOMENT),
    "drop column": Rule("removes the column {table}.{column}", _META, MOMENT, Work.REWRITE),
    "drop constraint": Rule("removes a condition of {table}", _META, MOMENT),
    "set default": Rule("changes the default of {table}.{column}", _META, MOMENT),
    "change column": Rule("changes the type of {table}.{column}", _META, WRITES, Work.REWRITE),
    "rename": Rule("renames a part of {table}", _META, MOMENT),
    "change rows": Rule("changes rows of {table}", "row locks", SAME_ROWS, Work.ROWS),
    "add rows": Rule("adds rows to {table}", "row locks", NOBODY),
}  # fmt: skip
_FILE = "write lock of the file"
_SQLITE_WORK = {
    "add reckoned column": Work.REWRITE,
    "drop column": Work.REWRITE,
    "drop table": Work.SCAN,
    "create index": Work.INDEX,
    "change rows": Work.ROWS,
}
_SQLITE = {
    kind: Rule(rule.what, _FILE, WRITES, _SQLITE_WORK.get(kind, Work.NOTHING))
    for kind, rule in _POSTGRESQL.items()
    if kind in {"create table", "add column", "drop index", "rename", "add rows"} | set(_SQLITE_WORK)
}
_RULES: Mapping[str, Mapping[str, Rule]] = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _SQLITE,
}
_WORST = Rule("does what headrace cannot judge", "the strongest, to be safe", ALL, Work.UNKNOWN)


def judge(dialect: SqlDialect, statement: str, sizes: Mapping[str, Size]) -> Effect:
    """Return what a statement does.

    Args:
        dialect: SQLAlchemy's.
        statement: one statement of SQL.
        sizes: of the tables that are there.
    """
    words = " ".join(statement.split())
    rules, rule, names = _RULES[dialect.name], _WORST, {"table": "", "column": ""}
    for kind, pattern in _COMPILED:
        found = pattern.match(words)
        if found is not None:
            names |= {name: value for name, value in found.groupdict().items() if value}
            rule = rules.get(kind, _WORST)
            break
    rate = RATES["mysql" if dialect.name == "mariadb" else dialect.name]
    rows = sizes[names["table"]].rows if names["table"] in sizes else 0
    if rule.work is Work.UNKNOWN:
        rows = sum(each.rows for each in sizes.values())
    speed = rate[Work.ROWS] if rule.work is Work.UNKNOWN else rate.get(rule.work)
    seconds = SECONDS_AT_LEAST + (rows / speed if speed else 0)
    what = rule.what.format(**names)
    return Effect(words, what, names["table"], rule.lock, rule.blocks, rule.work, rows, seconds)


def describe_rates(dialect: SqlDialect) -> str:
    """Return the rates that times are reckoned with."""
    rates = RATES["mysql" if dialect.name == "mariadb" else dialect.name]
    return ", ".join(f"{rate:,} where it {work.value}" for work, rate in rates.items())


_STEPS: list[tuple[float, str]] = [
    (1, "under a second"),
    (10, "some seconds"),
    (60, "up to a minute"),
    (600, "some minutes"),
    (3600, "up to an hour"),
    (36_000, "some hours"),
]


def in_words(seconds: float) -> str:
    """Return a time as an order of magnitude."""
    return next((words for limit, words in _STEPS if seconds < limit), "a day or more")
