"""A store of a million runs, or of as many as are asked for, made by statements of the database itself: half of the runs are in one experiment.

Each run has two params, two tags and two metrics; a metric has two points. Values repeat: of ``lr`` there are 10, of ``seed`` 1,000.
"""

from typing import Any

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from headrace.store import codes
from headrace.store.annotations import digest
from headrace.store.engine import open_store

LOSS, ACC, LR, SEED, TEAM, NOTE = range(1, 7)
KEYS = {"loss": LOSS, "acc": ACC, "lr": LR, "seed": SEED, "team": TEAM, "note": NOTE}
START = 1_700_000_000_000
CHANGES = 50_000
_VALUES = 1000
_TABLES = ("hr_run", "hr_series", "hr_param", "hr_tag", "hr_point", "hr_change", "hr_lease", "hr_key")
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}

_SCOPE = "(2 * CASE WHEN i % 2 = 0 THEN 1 ELSE 2 + i % 19 END + CASE WHEN i % 50 = 7 THEN 1 ELSE 0 END)"
_FIRST_CODE = codes.encode(0.25)
_CODE = f"({_FIRST_CODE} + (i * 7919 % 1000003) * 9007199254)"
_STATEMENTS = (
    f"""INSERT INTO hr_run (id, run_id, experiment, scope, name, user_id, status, start_time, end_time, artifact_uri, attempt)
    SELECT i, MD5({{i_text}}), CASE WHEN i % 2 = 0 THEN 1 ELSE 2 + i % 19 END, {_SCOPE}, 'run', 'ann', CASE WHEN i % 1000 = 0 THEN 1 ELSE 3 END,
    {START} + i * 1000, CASE WHEN i % 1000 = 0 THEN NULL ELSE {START} + i * 1000 + 500 END, 'mlflow-artifacts:/1/x', 0 FROM {{numbers}}""",
    f"""INSERT INTO hr_series (id, run, key_id, context, attempt, scope, start_time, is_nan, latest_code, latest_step, latest_time,
    first_code, first_step, first_time, min_code, max_code, points, nans, sealed)
    SELECT 2 * i - 1, i, {LOSS}, 0, 0, {_SCOPE}, {START} + i * 1000, CASE WHEN i % 500 = 3 THEN 1 ELSE 0 END, {_CODE}, 2, {START},
    {_CODE}, 1, {START}, {_CODE}, {_CODE}, 2, 0, 0 FROM {{numbers}}""",
    f"""INSERT INTO hr_series (id, run, key_id, context, attempt, scope, start_time, is_nan, latest_code, latest_step, latest_time,
    first_code, first_step, first_time, min_code, max_code, points, nans, sealed)
    SELECT 2 * i, i, {ACC}, 0, 0, {_SCOPE}, {START} + i * 1000, 0, {_CODE}, 2, {START}, {_CODE}, 1, {START}, {_CODE}, {_CODE}, 2, 0, 0
    FROM {{numbers}} WHERE i % 3 > 0""",
    *(
        f"""INSERT INTO hr_param (run, key_id, value, digest, number, scope, attempt)
        SELECT i, {key}, v.value, v.digest, NULL, {_SCOPE}, 0 FROM {{numbers}} JOIN plan_value v ON v.id = i % {count}"""
        for key, count in ((LR, 10), (SEED, 1000))
    ),
    *(
        f"""INSERT INTO hr_tag (run, key_id, value, digest, scope)
        SELECT i, {key}, v.value, v.digest, {_SCOPE} FROM {{numbers}} JOIN plan_value v ON v.id = i % {count}"""
        for key, count in ((TEAM, 5), (NOTE, 1000))
    ),
    f"INSERT INTO hr_point (series, time, step, code, n) SELECT 2 * i - 1, {START}, 1, {_CODE}, 0 FROM {{numbers}}",
    f"INSERT INTO hr_point (series, time, step, code, n) SELECT 2 * i - 1, {START} + 1, 2, {_CODE}, 0 FROM {{numbers}}",
    f"INSERT INTO hr_change (clock, kind, subject, experiment) SELECT i, 2, i, 1 FROM {{numbers}} WHERE i <= {CHANGES}",
    f"INSERT INTO hr_lease (run, until, length) SELECT i, {START}, 1000 FROM {{numbers}} WHERE i % 1000 = 0",
)


def fill(url: str, runs: int, *, analyse: bool = True) -> None:
    """Fill an empty database with runs.

    Args:
        url: of PostgreSQL, MySQL or MariaDB.
        runs: how many.
        analyse: whether the database counts what it holds, or else knows nothing of it, as after a restore.
    """
    open_store(url).close()
    kind = make_url(url).get_backend_name()
    engine = create_engine(
        make_url(url).set(drivername=_DRIVERS[kind]), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            run = connection.exec_driver_sql
            if kind == "postgresql" and not analyse:
                for table in _TABLES:
                    run(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
            for name, number in KEYS.items():
                run("INSERT INTO hr_key (id, name) VALUES (%s, %s)", (number, name))
            run(
                "CREATE TABLE plan_value (id BIGINT PRIMARY KEY, value VARCHAR(20) NOT NULL, digest BIGINT NOT NULL)"
            )
            rows: list[Any] = [(each, f"v{each}", digest(f"v{each}")) for each in range(_VALUES)]
            run("INSERT INTO plan_value (id, value, digest) VALUES (%s, %s, %s)", rows)
            numbers, as_text = (
                (f"generate_series(1, {runs}::bigint) AS g(i)", "i::text")
                if kind == "postgresql"
                else (f"(SELECT CAST(seq AS SIGNED) AS i FROM seq_1_to_{runs}) g", "i")
            )
            for statement in _STATEMENTS:
                run(statement.format(numbers=numbers, i_text=as_text).replace("%", "%%"), ())
            run(f"UPDATE hr_clock SET value = {CHANGES} WHERE id = 1")
            run("DROP TABLE plan_value")
            if analyse:
                tables = (
                    "hr_run",
                    "hr_series",
                    "hr_param",
                    "hr_tag",
                    "hr_point",
                    "hr_change",
                    "hr_lease",
                    "hr_key",
                )
                run("ANALYZE" if kind == "postgresql" else f"ANALYZE TABLE {', '.join(tables)}")
    finally:
        engine.dispose()
