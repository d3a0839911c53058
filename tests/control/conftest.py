"""Platforms on a new store, whose clock the test sets; on each database in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.world import World
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    return make_database()


@pytest.fixture
def open_world(url: str, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """A function that opens the store once more, as another server would."""
    opened: list[Platform] = []

    def open_one() -> World:
        opened.append(open_platform(PlatformSettings(url, str(tmp_path / "artifacts"))))
        return World(opened[-1], url)

    yield open_one
    for platform in opened:
        platform.store.close()


@pytest.fixture
def world(open_world: Callable[[], World]) -> World:
    return open_world()
