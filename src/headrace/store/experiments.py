"""Experiments and their tags."""

from collections.abc import Callable, Iterable, Sequence

from headrace.api.endpoint import Tag
from headrace.api.experiments import Experiment
from headrace.base.errors import AlreadyExists, NotFound
from headrace.store.connection import Connection, Row
from headrace.store.transaction import Kind, Transaction

_COLUMNS = "id, name, artifact_location, deleted, created_at, updated_at"
STAGES = ("active", "deleted")


def insert_experiment(
    tx: Transaction, name: str, location: str, now: int, *, is_root: bool = False, number: int | None = None
) -> int:
    """Insert an experiment and return its id.

    Args:
        tx: where to write.
        name: checked by the caller.
        location: the artifact location.
        now: Unix milliseconds.
        is_root: the location is a root, below which the experiment gets a folder named after its id.
        number: the id to use, None for the next.

    Raises:
        AlreadyExists: the name is taken, by a deleted experiment perhaps.
    """
    taken = tx.row("SELECT id, deleted FROM hr_experiment WHERE name = ?", (name,))
    if taken:
        raise AlreadyExists(
            f"Experiment {name!r} already exists, with id {taken[0]}{' (deleted)' if taken[1] else ''}. "
            + ("Restore it, or choose another name." if taken[1] else "Use it, or choose another name.")
        )
    columns, row = "name, artifact_location, deleted, created_at, updated_at", (name, location, 0, now, now)
    if number is None:
        number = tx.insert(f"INSERT INTO hr_experiment ({columns}) VALUES (?, ?, ?, ?, ?)", row)
    else:
        tx.change(f"INSERT INTO hr_experiment (id, {columns}) VALUES (?, ?, ?, ?, ?, ?)", (number, *row))
    if is_root:
        tx.change(
            "UPDATE hr_experiment SET artifact_location = ? WHERE id = ?",
            (f"{location}{'' if location.endswith('/') else '/'}{number}", number),
        )
    tx.touch(Kind.EXPERIMENT, number, number)
    return number


def find_row(conn: Connection, number: int, *, to_change: bool = False) -> Row | None:
    """Return (id, name, artifact_location, deleted, created_at, updated_at) of an experiment, or None.

    A transaction locks the experiment: it stays as it is until the end, or nobody else may look at it in order to write.

    Args:
        conn: where to read.
        number: its id.
        to_change: whether the experiment itself is to be changed.
    """
    if isinstance(conn, Transaction):
        lock_rows(conn, (number,), to_change=to_change)
        held = conn.held_experiments.get(number)
        return held[0] if held else None
    return conn.row(f"SELECT {_COLUMNS} FROM hr_experiment WHERE id = ?", (number,))


def lock_rows(tx: Transaction, numbers: Iterable[int], *, to_change: bool) -> None:
    """Lock experiments, and remember their rows; see `find_row`. Whoever locks several locks them all at once, so that it is in order."""
    ask_for_rows(tx, numbers, to_change=to_change)()


def ask_for_rows(tx: Transaction, numbers: Iterable[int], *, to_change: bool) -> Callable[[], None]:
    """Ask for what `lock_rows` locks, and return what waits for the locks: what is asked before that finds them taken."""
    held = tx.held_experiments
    missing = sorted(each for each in set(numbers) if each not in held or (to_change and not held[each][1]))
    lock = tx.for_update if to_change else tx.for_share
    query = f"SELECT {_COLUMNS} FROM hr_experiment{tx.dialect.walking('hr_experiment_pk')} WHERE id IN ({{ids}}) ORDER BY id{lock}"
    answer = tx.ask_in(query, missing)

    def take() -> None:
        for row in answer():
            held[row[0]] = (row, to_change or not tx.for_update)

    return take


def get_row(conn: Connection, number: int, *, to_change: bool = False) -> Row:
    """Return what `find_row` does.

    Raises:
        NotFound: there is no such experiment.
    """
    row = find_row(conn, number, to_change=to_change)
    if row is None:
        raise NotFound(f"No experiment with id {number} exists.")
    return row


def find_row_by_name(conn: Connection, name: str) -> Row | None:
    """Return the row of an experiment by its name, or None; locked as `find_row` does."""
    if not isinstance(conn, Transaction):
        return conn.row(f"SELECT {_COLUMNS} FROM hr_experiment WHERE name = ?", (name,))
    for row, _ in conn.held_experiments.values():
        if row[1] == name:
            return row
    found = conn.row("SELECT id FROM hr_experiment WHERE name = ?", (name,))
    if found is None:
        return None
    locked = find_row(conn, found[0])
    # Where it was given another name before it was locked, its old one may belong to another experiment by now.
    return locked if locked is not None and locked[1] == name else find_row_by_name(conn, name)


def is_empty(conn: Connection) -> bool:
    """Tell whether no experiment was ever made."""
    return conn.row("SELECT 1 FROM hr_experiment LIMIT 1") is None


def build_experiments(conn: Connection, rows: Iterable[Row]) -> list[Experiment]:
    """Return experiments with their tags, from their rows."""
    rows = list(rows)
    tags: dict[int, list[Tag]] = {}
    for number, name, value in conn.rows_in(
        "SELECT experiment, name, value FROM hr_experiment_tag WHERE experiment IN ({ids}) ORDER BY experiment, name",
        [row[0] for row in rows],
    ):
        tags.setdefault(number, []).append(Tag(key=name, value=value))
    built = []
    for number, name, location, deleted, created, updated in rows:
        experiment = Experiment(
            experiment_id=str(number),
            name=name,
            artifact_location=location,
            lifecycle_stage=STAGES[deleted],
            last_update_time=updated,
            creation_time=created,
        )
        if number in tags:
            experiment.tags = tags[number]
        built.append(experiment)
    return built


def update_name(tx: Transaction, number: int, name: str, now: int) -> None:
    """Rename an experiment.

    Raises:
        AlreadyExists: another experiment has that name.
    """
    taken = tx.row("SELECT id FROM hr_experiment WHERE name = ? AND id <> ?", (name, number))
    if taken:
        raise AlreadyExists(f"Experiment {name!r} already exists, with id {taken[0]}; choose another name.")
    tx.change("UPDATE hr_experiment SET name = ?, updated_at = ? WHERE id = ?", (name, now, number))
    _touch(tx, number)


def update_deleted(tx: Transaction, number: int, deleted: bool, now: int) -> None:
    """Move an experiment to the trash or back."""
    tx.change(
        "UPDATE hr_experiment SET deleted = ?, updated_at = ? WHERE id = ?", (int(deleted), now, number)
    )
    _touch(tx, number)


def set_tags(tx: Transaction, number: int, tags: Sequence[Tag], now: int) -> None:
    """Set tags of an experiment; existing ones are replaced."""
    if not tags:
        return
    tx.change_many(
        "INSERT INTO hr_experiment_tag (experiment, name, value) VALUES (?, ?, ?) "
        "ON CONFLICT (experiment, name) DO UPDATE SET value = excluded.value",
        [(number, tag.key, tag.value) for tag in tags],
    )
    tx.change("UPDATE hr_experiment SET updated_at = ? WHERE id = ?", (now, number))
    _touch(tx, number)


def delete_tag(tx: Transaction, number: int, name: str, now: int) -> None:
    """Delete a tag.

    Raises:
        NotFound: the experiment has no such tag.
    """
    if not tx.row("SELECT 1 FROM hr_experiment_tag WHERE experiment = ? AND name = ?", (number, name)):
        raise NotFound(f"Experiment {number} has no tag {name!r}.")
    tx.change("DELETE FROM hr_experiment_tag WHERE experiment = ? AND name = ?", (number, name))
    tx.change("UPDATE hr_experiment SET updated_at = ? WHERE id = ?", (now, number))
    _touch(tx, number)


def _touch(tx: Transaction, number: int) -> None:
    """Tell followers, and read the row again when it is next asked for."""
    tx.held_experiments.pop(number, None)
    tx.touch(Kind.EXPERIMENT, number, number)
