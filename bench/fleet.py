"""Several headrace servers on one store in one database: how they are placed, started and stopped.

It knows servers and where they run; it sends no load and measures nothing.
"""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from databases import Database
from programs import Process
from servers import HEADRACE, Server
from share import Quotas, pin
from target import Target
from wire import find_free_port


@dataclass(frozen=True)
class Placing:
    """Where the servers of a fleet run, and how far from their database.

    Args:
        key: Short name, for options and the store.
        title: What the report says.
        share: What each server has of a processor to itself; 0: all that is free.
        delay_ms: How long each packet between server and database takes, one way.
    """

    key: str
    title: str
    share: float = 0.0
    delay_ms: float = 0.0


class Fleet:
    """Servers on one store, and what stands between them and their database.

    Args:
        placing: Where they run.
        program: The path of headrace's program.
        folder: A folder that does not exist yet.
        database: Runs already.
        count: How many servers.
    """

    def __init__(self, placing: Placing, program: Path, folder: Path, database: Database, count: int) -> None:
        self.placing = placing
        self.store = f"several_{placing.key}"
        self.database = database
        self._proxy: Process | None = None
        port = None
        if placing.delay_ms:
            port, database_port = find_free_port(), database.port
            (folder / "proxy").mkdir(parents=True)
            arguments = [str(port), str(database_port), str(placing.delay_ms)]
            command = [sys.executable, str(Path(__file__).with_name("delay.py")), *arguments]
            self._proxy = Process(command, folder / "proxy")
        self.servers = [
            Server(HEADRACE, program, folder / f"server-{number}", database, store=self.store, reach=port)
            for number in range(count)
        ]
        self.target = Target(self.servers[0])
        self._quotas = ExitStack()

    def start(self) -> None:
        """Start them one after the other; the first makes the schema."""
        quotas = self._quotas.enter_context(Quotas())
        if self._proxy:
            self._proxy.launch()
        cores = sorted(os.sched_getaffinity(0))
        roomy = (
            len(cores) >= len(self.servers) + 3
        )  # a core for each, one for the client, two for the database
        for number, server in enumerate(self.servers):
            server.start()
            if self.placing.share and roomy:
                pin(server.pid, {cores[number]})
            elif self.placing.share:
                quotas.limit(server.pid, self.placing.share)
        for server in self.servers:
            server.settle(10)

    def stop(self) -> None:
        """Stop them."""
        for server in self.servers:
            server.stop()
        if self._proxy:
            self._proxy.stop()
        self._quotas.close()
