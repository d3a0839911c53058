"""Platforms on a new store, whose clock the test sets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.world import World
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Callable[[], World]]:
    """A function that opens the store once more, as another server would."""
    opened: list[Platform] = []

    def open_one() -> World:
        path = tmp_path / "store.db"
        opened.append(open_platform(PlatformSettings(f"sqlite:///{path}", str(tmp_path / "artifacts"))))
        return World(opened[-1], path)

    yield open_one
    for platform in opened:
        platform.store.close()


@pytest.fixture
def world(open_world: Callable[[], World]) -> World:
    return open_world()
