"""Changes: what has been committed since a cursor, and the call that waits for it."""

from typing import Any

from headrace.api.endpoint import Endpoint, Need, Permission, Resource
from headrace.base.json import Int64, Wire, WireEnum

MAX_WAIT_MS = 60_000
MAX_LIMIT = 10_000
MAX_SUBJECTS = 1000


class ChangeKind(WireEnum):
    """What a change touched. METRICS means that points of a run have come."""

    EXPERIMENT = "EXPERIMENT", 1
    RUN = "RUN", 2
    METRICS = "METRICS", 3
    MODEL = "MODEL", 4
    JOB = "JOB", 5
    VIEW = "VIEW", 6


class Change(Wire, kw_only=True):
    """One thing that a commit touched.

    `clock` numbers the commits of the database; one commit may touch many things. `id` is the id of the experiment, run (also for METRICS),
    model, job or view; it is empty if the thing has been removed for good since. `experiment_id` is empty for what belongs to none. A run that
    is moved stands there twice, once for each experiment.
    """

    clock: int
    kind: ChangeKind
    id: str = ""
    experiment_id: str = ""


class FollowChanges(Wire, kw_only=True):
    """Parameters of changes/follow.

    `cursor` is that of an earlier answer, or a clock; without one, changes are told from now on. The call is held for at most `wait_ms`
    milliseconds (60,000 at most) while there is nothing to tell. With `experiment_ids` or `run_ids`, only what belongs to one of them is told.
    """

    cursor: str | int = ""
    wait_ms: Int64 = 0
    experiment_ids: list[str] = []
    run_ids: list[str] = []
    limit: Int64 = 1000


class Changes(Wire, kw_only=True):
    """Answer of changes/follow.

    `cursor` is where to go on. `reset` says that changes before it are lost to this follower (its cursor was too old, or of another database):
    everything must be read again. `more` says that there is more to tell at once.
    """

    cursor: str
    changes: list[Change]
    reset: bool
    more: bool

    def is_news(self) -> bool:
        """Tell whether the answer says more than that nothing has changed."""
        return bool(self.changes) or self.reset or self.more


FOLLOW = Endpoint(
    "changes.follow",
    "POST",
    "/headrace/v1/changes/follow",
    FollowChanges,
    Changes,
    (
        Need(Permission.READ, Resource.SERVER),
        Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),
        Need(Permission.READ, Resource.RUN, "run_ids"),
    ),
    "Wait for changes since a cursor, and tell every commit once and in order.",
    waits=True,
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (FOLLOW,)
