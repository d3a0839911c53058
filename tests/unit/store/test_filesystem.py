"""Network file systems are told from the mount table."""

from pathlib import Path

import pytest

from headrace.store.filesystem import is_network_path

TABLE = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 {root} rw
30 22 0:40 / {folder}/net rw,relatime shared:5 master:1 - {kind} server:/export rw,vers=4.2
31 30 8:1 / {folder}/net/disk rw - xfs /dev/sda1 rw
32 22 0:41 / {folder}/with\\040blank rw - {kind} server:/other rw
"""


def _write_table(folder: Path, kind: str) -> Path:
    table = folder / "mountinfo"
    table.write_text(TABLE.format(root="/dev/vda1", folder=folder, kind=kind), "utf-8")
    return table


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "beegfs", "ceph", "9p", "afs", "gpfs"]
)
def test_network_file_systems_are_known(tmp_path: Path, kind: str) -> None:
    table = _write_table(tmp_path, kind)
    assert is_network_path(tmp_path / "net" / "store.db", table)
    assert is_network_path(tmp_path / "net" / "deep" / "er" / "store.db", table)
    assert is_network_path(tmp_path / "with blank" / "store.db", table)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuseblk"])
def test_local_file_systems_are_none(tmp_path: Path, kind: str) -> None:
    assert not is_network_path(tmp_path / "net" / "store.db", _write_table(tmp_path, kind))


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    table = _write_table(tmp_path, "nfs4")
    assert not is_network_path(tmp_path / "net" / "disk" / "store.db", table)
    assert not is_network_path(tmp_path / "network" / "store.db", table)
    assert not is_network_path(tmp_path / "store.db", table)


def test_a_link_leads_to_where_the_file_is(tmp_path: Path) -> None:
    table = _write_table(tmp_path, "nfs4")
    (tmp_path / "net").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "net")
    assert is_network_path(tmp_path / "link" / "store.db", table)


def test_without_a_table_nothing_is_a_network(tmp_path: Path) -> None:
    assert not is_network_path(tmp_path / "store.db", tmp_path / "no such table")
