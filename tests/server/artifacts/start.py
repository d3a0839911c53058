"""A tracking server for the tests of artifacts: real store, real folder, real sockets; run as a script.

Usage: start.py FOLDER [--no-serve-artifacts] [--locked] [--small-files]

``--locked`` puts a policy in place under which only runs of experiment 0 may be written to, ``--small-files`` limits files to
16 MiB, as a full disk would.
"""

import resource
import sys
from pathlib import Path

from msgspec.structs import replace

from headrace.api.endpoint import Need, Permission, Resource
from headrace.server.app import create_app
from headrace.server.guard import GuardSettings
from headrace.server.run import Address, listen, run
from headrace.services.context import Actor, Context
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import runs


class OnlyFirstExperiment:
    """Reading is free; writing takes a run of experiment 0."""

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        if need.permission == Permission.READ:
            return True
        if need.resource is Resource.RUN:
            found = runs.find_run(context.conn, target)
            return found is None or found.experiment == 0
        return need.resource is not Resource.SERVER


def main() -> None:
    folder, options = Path(sys.argv[1]), set(sys.argv[2:])
    serves = "--no-serve-artifacts" not in options
    settings = PlatformSettings(
        f"sqlite:///{folder / 'store.db'}", str(folder / "root"), serve_artifacts=serves
    )
    platform = open_platform(settings)
    if "--locked" in options:
        platform = replace(platform, policy=OnlyFirstExperiment())
    if "--small-files" in options:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20))
    listening = listen(Address("127.0.0.1", 0))
    run(create_app(platform, GuardSettings()), platform, listening, f"port {listening.getsockname()[1]}")


if __name__ == "__main__":
    main()
