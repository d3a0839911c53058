"""What the system allows a process: as many open files as a server with many clients needs, where the operator's limit permits it."""

import sys

if sys.platform != "win32":
    import resource

OPEN_FILES = 65_536


def raise_open_files() -> None:
    """Raise this process's limit of open files to `OPEN_FILES`, or as far as it may: a thousand connections exceed the usual one."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
