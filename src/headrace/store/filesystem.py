"""Whether a path lies on a network file system, where SQLite's write-ahead log does not work. Knows Linux's mount table only."""

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "fuse.sshfs",
    "fuse.glusterfs",
    "lustre",
    "beegfs",
    "ceph",
    "9p",
    "afs",
    "gpfs",
    "fuse.s3fs",
)


def is_network_path(path: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether the file system that holds `path` is a network one; False where that cannot be found out.

    Args:
        path: a file that need not exist.
        mounts: a table in the format of Linux's ``/proc/self/mountinfo``.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    resolved = path.absolute().resolve()
    best, kind = -1, ""
    for line in lines:
        fields, _, after = line.partition(" - ")
        point = fields.split(" ")[4].encode().decode("unicode_escape")
        if resolved.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split(" ")[0]
    return kind.startswith(_NETWORK)
