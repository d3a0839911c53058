"""Artifacts of runs, from the client's side."""

from pathlib import Path

from headrace.api import artifacts as rows
from headrace.api import runs
from headrace.api.artifacts import FileInfo, Preview, TableHead
from headrace.client.pages import iterate
from headrace.client.transfer import FileTree, delete_path, download_tree, upload_tree
from headrace.client.transport import Transport

Paths = list[str]


class Artifacts:
    """Calls about the files of runs. Those of logged models are with `headrace.client.models`.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, run_id: str, path: str = "") -> list[FileInfo]:
        """Return what is directly in a folder of a run, sorted; nothing if the path names a file, or nothing.

        Args:
            run_id: the run.
            path: the folder; empty for the root. Paths in the answer begin with it.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the path is not a plain relative one.
        """
        request = rows.ListArtifacts(run_id=run_id, path=path)
        return [*iterate(self._transport, rows.LIST, request, lambda page: page.files)]

    def upload(self, run_id: str, local_path: str | Path, path: str = "") -> Paths:
        """Upload a file, which keeps its name, or all that is in a folder.

        Each file appears when all of it has arrived. Digests are compared; a file that arrives damaged is refused.

        Args:
            run_id: the run.
            local_path: the file or folder on this machine.
            path: the folder of the run that it is put into; empty for the root.

        Returns:
            The paths of the files in the run.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: there is no such file here, a name is not allowed, or the run's artifacts do not lie with the server.
        """
        return upload_tree(self._transport, self._get_root(run_id), Path(local_path), path)

    def download(self, run_id: str, path: str = "", destination: str | Path = ".") -> Path:
        """Download a file, or a folder with all that is in it.

        A broken connection is taken up where it broke. A file whose SHA-256 the server knows is checked, and appears when it is complete.

        Args:
            run_id: the run.
            path: the file or folder in the run; empty for everything.
            destination: the folder on this machine that `path` is put into, made if need be.

        Returns:
            Where the file or folder is now: `destination` / `path`.

        Raises:
            NotFound: there is no such run or file.
            DataLoss: a file came otherwise than it was stored.
        """
        transport = self._transport
        tree = FileTree(
            lambda folder: self.list(run_id, folder),
            lambda file, offset, version: transport.download(
                rows.GET, rows.GetArtifact(run_id=run_id, path=file), offset=offset, version=version
            ),
        )
        return download_tree(tree, path, Path(destination))

    def read_table_head(self, run_id: str, path: str, count: int = 100) -> TableHead:
        """Return the first rows of a table, as texts: CSV, TSV, Parquet, JSON lines, or a logged table.

        Args:
            run_id: the run.
            path: the file.
            count: how many rows are wanted, 1 to 1000.

        Raises:
            NotFound: there is no such run or file.
            InvalidParameter: the file is no table.
            NotImplementedByServer: the server lacks the package that reads it.
        """
        return self._transport.call(rows.TABLE_HEAD, rows.ReadTableHead(run_id=run_id, path=path, rows=count))

    def preview(self, run_id: str, path: str) -> Preview:
        """Return an address, relative to the server's, under which a browser may show a file for an hour, in a sandbox.

        Raises:
            NotFound: there is no such run or file.
        """
        return self._transport.call(rows.PREVIEW, rows.PreviewArtifact(run_id=run_id, path=path))

    def delete(self, run_id: str, path: str) -> None:
        """Delete a file, or a folder with all that is in it; nothing happens if it is not there.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the path is empty or not a plain relative one, or the run's artifacts do not lie with the server.
        """
        delete_path(self._transport, self._get_root(run_id), path)

    def _get_root(self, run_id: str) -> str:
        return self._transport.call(runs.GET, runs.GetRun(run_id=run_id)).run.info.artifact_uri
