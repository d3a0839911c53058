"""What is stored is its owner's: whoever else has an account on the machine reads nothing."""

import os
import stat
import sys
from pathlib import Path

import pytest

from headrace.store.engine import open_store


@pytest.mark.parametrize("name", ["store.db", "store.db-wal", "store.db.lock"])
def test_the_files_of_a_new_store_are_private_whatever_the_umask_says(tmp_path: Path, name: str) -> None:
    before = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        try:
            store.writer.call(lambda tx: tx.change("UPDATE hr_clock SET value = 1"))
            mode = stat.S_IMODE((tmp_path / name).stat().st_mode)
        finally:
            store.close()
    finally:
        os.umask(before)
    assert mode == 0o600 or sys.platform == "win32"
