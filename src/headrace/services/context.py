"""What a service function is given besides the request: a connection, an actor, the time, the platform's set-up."""

from collections.abc import Callable
from typing import Protocol, cast

from msgspec import Struct, field

from headrace.api.endpoint import Need
from headrace.base.clock import Clock, now_ms
from headrace.blobs.store import BlobStore
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.transaction import Transaction


class Actor(Struct, frozen=True):
    """Who calls. Until accounts exist there is one, who holds the server's token or needs none.

    Args:
        name: shown in the audit log.
    """

    name: str = "anyone"


class AuditRecord(Struct, frozen=True):
    """One call, after its outcome is known.

    Args:
        time_ms: when it ended, in Unix milliseconds.
        actor: who called.
        endpoint: the name of the endpoint's row.
        outcome: ``OK``, the error code, or ``CANCELLED`` if the client left before the end.
    """

    time_ms: int
    actor: Actor
    endpoint: str
    outcome: str


class Artifacts(Struct, frozen=True):
    """Where artifacts are.

    Args:
        root_uri: what experiments' locations begin with: ``mlflow-artifacts:`` if this server carries the bytes, else the place
            that clients write to by themselves.
        served: the store that this server reads and writes; None if it carries no bytes.
    """

    root_uri: str
    served: BlobStore | None


class Policy(Protocol):
    """Decides what actors may do."""

    def grants_all(self, actor: Actor) -> bool:
        """Tell whether an actor may do everything, so that nothing needs to be looked up."""

    def permits(self, context: "Context", need: Need, target: str) -> bool:
        """Tell whether the actor has a permission on a thing.

        Args:
            context: the call.
            need: what is needed.
            target: the thing's id; empty for the server itself.
        """


class Platform(Struct, frozen=True):
    """All that is put together once, at start.

    Args:
        store: the database.
        artifacts: where artifacts are.
        policy: who may do what.
        clock: the time.
        truncate_long_values: cut params and tags that are too long, as MLflow does by default, instead of refusing them.
        audit: called after each call.
        started_at: when it was opened, in Unix milliseconds.
        needs_token: whether callers had to show a token.
        ticket_key: what `headrace.services.tickets` are signed with.
    """

    store: Store
    artifacts: Artifacts
    policy: Policy
    clock: Clock = now_ms
    truncate_long_values: bool = True
    audit: tuple[Callable[[AuditRecord], None], ...] = field(default=())
    started_at: int = field(default_factory=now_ms)
    needs_token: bool = False
    ticket_key: bytes = b""


class Context(Struct, frozen=True):
    """One call's surroundings.

    Args:
        conn: a connection inside a transaction; a `Transaction` for endpoints that write.
        actor: who calls.
        platform: the set-up.
    """

    conn: Connection
    actor: Actor
    platform: Platform

    @property
    def tx(self) -> Transaction:
        """The connection, for functions that write."""
        return cast("Transaction", self.conn)

    def now(self) -> int:
        """Return the time as Unix milliseconds."""
        return self.platform.clock()
