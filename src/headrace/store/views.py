"""Saved views and stars: rows. Does not know what a view's body means, nor who may see it."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from headrace.api.views import Star, View
from headrace.base.errors import NotFound
from headrace.store.connection import Connection, Row
from headrace.store.experiments import STAGES
from headrace.store.transaction import Kind, Transaction

ACROSS = -1
"""The experiment of a view that goes across experiments."""

_COLUMNS = "id, view_id, experiment, name, owner, body, is_default, created_at, updated_at"


class ViewRow(NamedTuple):
    """A view as it is stored."""

    id: int
    view_id: str
    experiment: int
    name: str
    owner: str
    body: str
    is_default: int
    created_at: int
    updated_at: int

    @property
    def etag(self) -> str:
        """Names this state of the view: what it holds and when it was changed."""
        state = repr((self.view_id, self.name, self.body, self.updated_at))
        return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def insert_view(tx: Transaction, row: tuple[str, int, str, str, str, int]) -> None:
    """Insert a view.

    Args:
        tx: where to write.
        row: view_id, experiment (`ACROSS` for none), name, owner, body, time in Unix milliseconds.
    """
    number = tx.insert(
        "INSERT INTO hr_view (view_id, experiment, name, owner, body, is_default, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
        (*row, row[-1]),
    )
    tx.touch(Kind.VIEW, number, row[1])


def update_view(tx: Transaction, view: ViewRow, name: str, body: str, now: int) -> None:
    """Change a view at a time in Unix milliseconds."""
    tx.change(
        "UPDATE hr_view SET name = ?, body = ?, updated_at = ? WHERE id = ?",
        (name, body, max(now, view.updated_at + 1), view.id),  # a state never comes back under its old etag
    )
    tx.touch(Kind.VIEW, view.id, view.experiment)


def delete_view(tx: Transaction, view: ViewRow) -> None:
    """Delete a view."""
    tx.change("DELETE FROM hr_view WHERE id = ?", (view.id,))
    tx.touch(Kind.VIEW, view.id, view.experiment)


def set_default(tx: Transaction, view: ViewRow, *, is_default: bool) -> None:
    """Make a view the only default of its experiment, or make it one no more."""
    if is_default:
        # One statement over all views of the experiment: of two at the same time, one waits for the other.
        tx.change(
            "UPDATE hr_view SET is_default = CASE WHEN id = ? THEN 1 ELSE 0 END WHERE experiment = ?",
            (view.id, view.experiment),
        )
    else:
        tx.change("UPDATE hr_view SET is_default = 0 WHERE id = ?", (view.id,))
    tx.touch(Kind.VIEW, view.id, view.experiment)


def find_view(conn: Connection, view_id: str) -> ViewRow | None:
    """Return a view, or None. A transaction locks it."""
    row = conn.row(f"SELECT {_COLUMNS} FROM hr_view WHERE view_id = ?{conn.for_update}", (view_id,))
    return ViewRow(*row) if row else None


def get_view(conn: Connection, view_id: str) -> ViewRow:
    """Return a view.

    Raises:
        NotFound: there is none.
    """
    view = find_view(conn, view_id)
    if view is None:
        raise NotFound(f"View {view_id[:80]!r} does not exist; somebody may have deleted it.")
    return view


def list_views(conn: Connection, experiment: int) -> list[ViewRow]:
    """Return the views of an experiment, by name, then as they were made."""
    rows = conn.rows(f"SELECT {_COLUMNS} FROM hr_view WHERE experiment = ? ORDER BY name, id", (experiment,))
    return [ViewRow(*row) for row in rows]


def count_views(conn: Connection, experiment: int) -> int:
    """Return how many views an experiment has."""
    row = conn.row("SELECT COUNT(*) FROM hr_view WHERE experiment = ?", (experiment,))
    assert row is not None
    count: int = row[0]
    return count


def build_view(row: ViewRow, *, with_body: bool) -> View:
    """Return a view as it goes over the wire."""
    view = View(
        view_id=row.view_id,
        name=row.name,
        owner=row.owner,
        is_default=bool(row.is_default),
        etag=row.etag,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
    if row.experiment != ACROSS:
        view.experiment_id = str(row.experiment)
    if with_body:
        view.body = row.body
    return view


def insert_star(tx: Transaction, owner: str, kind: Kind, subject: str, now: int) -> None:
    """Star a thing, by its public id, at a time in Unix milliseconds; a star that is there stays as it is."""
    tx.change(
        "INSERT INTO hr_star (owner, kind, subject, created_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (owner, kind, subject) DO NOTHING",
        (owner, kind.value, subject, now),
    )


def delete_star(tx: Transaction, owner: str, kind: Kind, subject: str) -> None:
    """Take a star back; if there is none, nothing happens."""
    tx.change(
        "DELETE FROM hr_star WHERE owner = ? AND kind = ? AND subject = ?", (owner, kind.value, subject)
    )


def list_stars(
    conn: Connection, owner: str, kinds: Sequence[Kind], below: tuple[int, int, str] | None, limit: int
) -> tuple[list[Star], tuple[int, int, str] | None]:
    """Return a page of an owner's stars, the newest first, and the place of its last one if more follow.

    Args:
        conn: where to read.
        owner: whose stars.
        kinds: of what.
        below: the place of the page before: created_at, kind, subject.
        limit: at most so many.
    """
    where, params = (
        f"owner = ? AND kind IN ({','.join(str(kind.value) for kind in kinds)})",
        list[Any]([owner]),
    )
    if below is not None:
        at, kind, subject = below
        where += " AND (created_at < ? OR (created_at = ? AND (kind > ? OR (kind = ? AND subject > ?))))"
        params += [at, at, kind, kind, subject]
    rows = conn.rows(
        f"SELECT created_at, kind, subject FROM hr_star WHERE {where} ORDER BY created_at DESC, kind, subject LIMIT ?",
        [*params, limit + 1],
    )
    page = rows[:limit]
    facts = {kind: _facts(conn, kind, [row[2] for row in page if row[1] == kind]) for kind in kinds}
    stars = [_build_star(row, facts[Kind(row[1])].get(row[2])) for row in page]
    last = page[-1] if len(rows) > limit else None
    return stars, (last[0], last[1], last[2]) if last else None


def _facts(conn: Connection, kind: Kind, subjects: Iterable[str]) -> dict[str, tuple[str, int, int]]:
    """Return name, experiment and whether it is deleted, of those things that there are, by public id."""
    if kind is Kind.EXPERIMENT:
        sql = "SELECT id, name, id, deleted FROM hr_experiment WHERE id IN ({ids})"
        rows = conn.rows_in(sql, [int(subject) for subject in subjects])
    elif kind is Kind.RUN:
        rows = conn.rows_in(
            "SELECT run_id, name, experiment, scope FROM hr_run WHERE run_id IN ({ids})", subjects
        )
    else:
        rows = conn.rows_in(
            "SELECT model_id, name, experiment, scope FROM hr_model WHERE model_id IN ({ids})", subjects
        )
    return {str(row[0]): (row[1], row[2], row[3] & 1) for row in rows}


def _build_star(row: Row, facts: tuple[str, int, int] | None) -> Star:
    created, kind, subject = row
    star = Star(
        kind=Kind(kind).name.lower(),
        id=subject,
        name=facts[0] if facts else "",
        lifecycle_stage=STAGES[facts[2]] if facts else "gone",
        created_at=created,
    )
    if facts:
        star.experiment_id = str(facts[1])
    return star
