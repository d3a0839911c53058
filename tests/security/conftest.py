"""One server for all attacks: what harms it for one test harms it for the next."""

from collections.abc import Iterator

import pytest

from security.attacker import Target, serve


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server in its default set-up."""
    with serve(tmp_path_factory.mktemp("attacked") / "server") as running:
        yield running


@pytest.fixture
def secret(target: Target) -> Iterator[bytes]:
    """What lies in a file beside the artifact root, which no attack may read or change."""
    content = b"root:x:0:0:canary"
    path = target.folder / "canary"
    path.write_bytes(content)
    yield content
    assert path.read_bytes() == content
