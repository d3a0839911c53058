"""Describes the machine that a run was made on, in words that may stand in the documentation."""

import os
import platform
import re
import sqlite3
from pathlib import Path


def describe_machine(folder: Path) -> dict[str, str]:
    """Describe processor, memory, system and the file system of the folder that holds the stores."""
    cpus = Path("/proc/cpuinfo").read_text()
    memory = Path("/proc/meminfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", cpus, re.MULTILINE)
    total = re.search(r"^MemTotal:\s*(\d+) kB", memory, re.MULTILINE)
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores, {model[1] if model else platform.machine()}",
        "memory": f"{int(total[1]) / 2**20:.0f} GiB" if total else "unknown",
        "system": f"Linux {re.split('[-+]', platform.release())[0]}, {_find_filesystem(folder)}",
        "python": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _find_filesystem(folder: Path) -> str:
    """Find the type of the file system that holds a folder: the longest mount point above it."""
    best = ("", "unknown file system")
    path = folder.resolve()
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]
