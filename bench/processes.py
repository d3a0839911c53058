"""What a server's processes use: memory and processor time, read from Linux's /proc.

It knows process ids only. A server is the process that was started as the leader of its own session, with
everything that descends from it or shares its session.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Memory of all processes of a server; the proportional set size counts shared pages once."""

    processes: int
    rss_mib: float
    pss_mib: float


def find_tree(leader: int) -> list[int]:
    """Find the ids of the living processes of a server, its leader first."""
    parents: dict[int, int] = {}
    members = {leader}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            fields = _read_stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
                if int(fields[3]) == leader:
                    members.add(int(entry.name))
    grows = True
    while grows:
        children = {pid for pid, parent in parents.items() if parent in members} - members
        members |= children
        grows = bool(children)
    return sorted((pid for pid in members if pid in parents), key=lambda pid: (pid != leader, pid))


def find_birth(pid: int) -> int | None:
    """Find when a living process was born, in clock ticks since the machine's start."""
    fields = _read_stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def _read_stat(pid: int) -> list[str]:
    """Read the fields of /proc/PID/stat from the state on; none where the process has ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def measure_memory(leader: int) -> Memory:
    """Measure the memory of a server's processes."""
    rss = pss = count = 0
    for pid in find_tree(leader):
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        count += 1
        rss += _find_kib(text, "Rss")
        pss += _find_kib(text, "Pss")
    return Memory(count, round(rss / 1024, 1), round(pss / 1024, 1))


def _find_kib(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def reset_peaks(leader: int) -> None:
    """Let the peak of resident memory of each of a server's processes begin anew."""
    for pid in find_tree(leader):
        try:
            (_PROC / str(pid) / "clear_refs").write_text("5")
        except (FileNotFoundError, ProcessLookupError):
            continue


def measure_peak_mib(leader: int) -> float:
    """Measure the sum of the peaks of resident memory since the last reset, in MiB."""
    kib = 0
    for pid in find_tree(leader):
        try:
            kib += _find_kib((_PROC / str(pid) / "status").read_text(), "VmHWM")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return round(kib / 1024, 1)


def measure_cpu_s(leader: int) -> float:
    """Measure the processor time of a server's processes and of their ended children, in seconds."""
    ticks = 0
    for pid in find_tree(leader):
        fields = _read_stat(pid)
        ticks += sum(int(value) for value in fields[11:15])
    return ticks / _TICKS_PER_S


def measure_own_cpu_s() -> float:
    """Measure the processor time of this process, in seconds."""
    times = os.times()
    return times.user + times.system


def measure_machine_cpu_s() -> float:
    """Measure the busy processor time of the whole machine since its start, in seconds."""
    with (_PROC / "stat").open() as lines:
        user, nice, system, _idle, _wait, interrupt, soft = lines.readline().split()[1:8]
    return sum(int(ticks) for ticks in (user, nice, system, interrupt, soft)) / _TICKS_PER_S
