"""Putting a platform together from what an operator says: a database, and where artifacts go. Used by the server and in-process alike."""

from contextlib import suppress

from msgspec import Struct

from headrace.base.errors import AlreadyExists
from headrace.base.settings import SERVER_SETTINGS
from headrace.base.uris import resolve_root
from headrace.blobs.open import open_store as open_blobs
from headrace.services.context import Artifacts, Platform
from headrace.services.permissions import AllRights
from headrace.store import experiments
from headrace.store.engine import open_store
from headrace.store.transaction import Transaction

DEFAULT_STORE = "sqlite:///headrace.db"
DEFAULT_DESTINATION = "./headrace-artifacts"
DEFAULT_NAME = "Default"
PROXY_ROOT = "mlflow-artifacts:/"


class PlatformSettings(Struct, frozen=True):
    """What an operator may choose.

    Args:
        store_url: the database.
        destination: the folder that holds the artifacts which this server carries.
        default_root: where new experiments' artifacts go if not through this server; empty for "through this server".
        serve_artifacts: whether this server carries artifacts.
    """

    store_url: str = DEFAULT_STORE
    destination: str = DEFAULT_DESTINATION
    default_root: str = ""
    serve_artifacts: bool = True


def open_platform(settings: PlatformSettings) -> Platform:
    """Open the store and the artifacts, and make the experiment 0 if the store is new.

    Raises:
        HeadraceError: something cannot be used as it is; the message names the remedy.
    """
    served = None
    if settings.serve_artifacts:
        served = open_blobs(settings.destination)
        served.prepare()
    root = settings.default_root or (PROXY_ROOT if served else settings.destination)
    store = open_store(settings.store_url)
    platform = Platform(
        store=store,
        artifacts=Artifacts(resolve_root(root), served),
        policy=AllRights(),
        clock=store.clock,
        truncate_long_values=SERVER_SETTINGS["truncate-long-values"].is_on(default=True),
        started_at=store.clock(),
    )
    try:
        store.writer.call(lambda tx: _ensure_default(tx, platform))
    except BaseException:
        store.close()
        raise
    return platform


def _ensure_default(tx: Transaction, platform: Platform) -> None:
    """Make the experiment 0 in a store that never had one."""
    if experiments.is_empty(tx):
        root, now = platform.artifacts.root_uri, platform.clock()
        with suppress(AlreadyExists):  # another server that starts at the same moment was faster
            experiments.insert_experiment(tx, DEFAULT_NAME, root, now, is_root=True, number=0)
