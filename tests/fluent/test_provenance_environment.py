"""What is recorded of an environment is enough to build it again: it is built again, by pip, in another folder, from wheels and repositories of this machine."""

import functools
import http.server
import importlib.metadata
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from headrace.fluent.provenance.facts import digest_record
from headrace.fluent.provenance.packages import Package, read_packages
from headrace.fluent.provenance.requirements import normalise, write_requirements
from unit.fluent.wheels import Environment, read_record, write_project, write_wheel

SECRET = "Tr0ub4dor-and-3"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def publish(folder: Path, web: Path) -> str:
    """Commit a folder, let a web server have it, and return the commit."""
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x")
    git(web, "clone", "-q", "--bare", str(folder), f"{folder.name}.git")
    git(web / f"{folder.name}.git", "update-server-info")
    return git(folder, "rev-parse", "HEAD")


class World:
    """An environment with a package of every origin, and what they came from."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        write_wheel(self.wheels, "alpha", "1.0", {"alpha.py": "def main(): ...\n"})
        write_wheel(self.wheels, "Beta-Mind", "2.0+cpu", {"beta_mind.py": "def main(): ...\n"})
        self.web = folder / "web"
        self.web.mkdir()
        write_wheel(self.web, "gamma", "3.0", {"gamma.py": "def main(): ...\n"})
        loose = write_wheel(folder, "delta", "4.0", {"delta.py": "def main(): ...\n"})
        write_project(folder / "vcs" / "sub" / "epsilon", "epsilon", "5.0")
        self.vcs_commit = publish(folder / "vcs", self.web)
        write_project(folder / "work" / "zeta-tool", "zeta-tool", "6.0")
        self.work_commit = publish(folder / "work", self.web)
        remote = f"{url}/work.git".replace("http://", f"http://me:{SECRET}@")
        git(folder / "work", "remote", "add", "origin", remote)
        write_project(folder / "eta", "eta", "7.0")
        self.environment = Environment(folder / "first")
        self.environment.install(
            *("-f", str(self.wheels), "alpha", "Beta-Mind"),
            *(f"{url}/gamma-3.0-py3-none-any.whl", str(loose)),
            f"epsilon @ git+{url}/vcs.git@{self.vcs_commit}#subdirectory=sub/epsilon",
            *("-e", str(folder / "work" / "zeta-tool"), "-e", str(folder / "eta")),
        )
        self.url = url

    def read(self) -> dict[str, Package]:
        paths = [str(self.environment.packages)]
        return {package.name: package for package in read_packages(paths)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield World(folder, f"http://127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
            thread.join()


def test_names_versions_origins_and_installers_are_those_of_pips_report(world: World) -> None:
    told, found = world.environment.inspect(), world.read()
    assert set(told) == set(found) == {"alpha", "Beta-Mind", "gamma", "delta", "epsilon", "zeta-tool", "eta"}
    for name, report in told.items():
        package = found[name]
        metadata, direct = report["metadata"], report.get("direct_url")
        assert isinstance(metadata, dict)
        assert (package.version, package.installer, package.requested) == (
            metadata["version"],
            report["installer"],
            report["requested"],
        )
        assert (package.source is None) == (direct is None)
        if package.source is not None:
            assert isinstance(direct, dict)
            assert package.source.url == direct["url"]
            assert package.source.is_editable == direct.get("dir_info", {}).get("editable", False)
            assert package.source.commit in {
                direct.get("vcs_info", {}).get("commit_id", ""),
                world.work_commit,
            }
            assert package.source.hashes == direct.get("archive_info", {}).get("hashes", {})


def test_the_hash_of_the_files_is_that_of_the_wheel(world: World) -> None:
    found = world.read()
    wheels = {
        path.name.partition("-")[0]: path for path in (*world.wheels.iterdir(), *world.web.glob("*.whl"))
    }
    assert {"alpha", "Beta_Mind", "gamma"} == set(wheels)
    for name, wheel in wheels.items():
        assert found[name.replace("_", "-")].files_sha256 == digest_record(read_record(wheel))
    assert len({package.files_sha256 for package in found.values()}) == len(found)


def test_editable_and_version_controlled_installs_are_recorded_as_such(world: World) -> None:
    found = world.read()
    epsilon, zeta, eta = found["epsilon"].source, found["zeta-tool"].source, found["eta"].source
    assert epsilon is not None
    assert zeta is not None
    assert eta is not None
    assert (epsilon.vcs, epsilon.commit, epsilon.subdirectory) == ("git", world.vcs_commit, "sub/epsilon")
    assert (zeta.is_editable, zeta.commit, zeta.subdirectory, zeta.is_dirty) == (True, world.work_commit, "zeta-tool", False)  # fmt: skip
    assert (eta.is_editable, eta.commit, eta.remote) == (True, "", "")
    module = world.folder / "work" / "zeta-tool" / "zeta_tool.py"
    text = module.read_text()
    try:
        module.write_text("changed = True\n")
        source = world.read()["zeta-tool"].source
        assert source is not None
        assert source.is_dirty
    finally:
        module.write_text(text)


def test_the_environment_can_be_built_again_from_the_requirements(world: World, tmp_path: Path) -> None:
    first = world.read()
    text = write_requirements(list(first.values()), "3.11")
    assert SECRET not in text
    assert "# editable, in no git work tree with a remote: eta==7.0 from file:" in text
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(text)
    again = Environment(tmp_path / "again")
    again.install("-f", str(world.wheels), "-f", str(world.folder), "-r", str(requirements))
    second = {package.name: package for package in read_packages([str(again.packages)])}
    rebuilt = set(first) - {"eta"}  # a folder that no other machine has
    assert set(second) == rebuilt
    assert {name: second[name].version for name in rebuilt} == {name: first[name].version for name in rebuilt}
    same = rebuilt - {"zeta-tool"}  # its files are in place of a link to them
    assert {name: second[name].files_sha256 for name in same} == {
        name: first[name].files_sha256 for name in same
    }
    zeta = second["zeta-tool"].source
    assert zeta is not None
    assert (zeta.vcs, zeta.commit, zeta.subdirectory) == ("git", world.work_commit, "zeta-tool")


def test_an_archive_whose_bytes_have_changed_is_refused_when_it_is_built_again(
    world: World, tmp_path: Path
) -> None:
    text = write_requirements([world.read()["gamma"]], "3.11")
    wheel = next(world.web.glob("*.whl"))
    data = wheel.read_bytes()
    try:
        wheel.unlink()
        write_wheel(world.web, "gamma", "3.0", {"gamma.py": "def main(): 'somebody else'\n"})
        requirements = tmp_path / "requirements.txt"
        requirements.write_text(text)
        with pytest.raises(AssertionError, match="DO NOT MATCH THE HASHES"):
            Environment(tmp_path / "again").install("-r", str(requirements))
    finally:
        wheel.write_bytes(data)


def test_of_this_environment_every_package_is_recorded_as_importlib_tells_it() -> None:
    told: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        told.setdefault(normalise(distribution.metadata["Name"]), distribution.version)
    found = {normalise(package.name): package for package in read_packages()}
    assert {name: package.version for name, package in found.items()} == told
    headrace = found["headrace"].source
    assert headrace is not None
    assert headrace.is_editable
    assert Path(urlsplit(headrace.url).path) == Path(__file__).parents[2]
    assert all(package.files_sha256 for package in found.values())


def test_reading_the_packages_imports_none_of_them() -> None:
    code = (
        "import sys; from headrace.fluent.provenance.packages import read_packages; before = set(sys.modules); n = len(read_packages());"
        "print(n, *sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    count, *loaded = done.stdout.split()
    assert int(count) > 20
    assert not {"numpy", "sklearn", "sqlalchemy", "hypothesis"} & set(loaded)
