"""The client's calls about artifacts: logging files, texts, figures, images and tables to any run, and reading them.

Files are kept on this machine before a call returns, and uploaded in the background.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.base.errors import InvalidParameter
from headrace.client.entities import FileInfo
from headrace.fluent import artifact_reads, artifacts, media, state, tables
from headrace.fluent.artifacts import Readable
from headrace.fluent.flat.target import Target

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # type: ignore[import-untyped]
    from PIL import Image as PillowImage


class ArtifactCalls(Target):
    """Calls about the artifacts of runs."""

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Log a file, or a folder with all that is in it; see `headrace.log_artifact`.

        Raises:
            FileNotFoundError: there is no such file.
            NotFound: the server does not know the run.
            InvalidParameter: a name is not allowed.
            SpoolFull: this machine's disk is full.
        """
        artifacts.put_path(self._open_log(run_id), Path(local_path), artifact_path)

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        """Log all that is in a folder; see `headrace.log_artifacts`.

        Raises:
            FileNotFoundError: there is no such folder.
            NotFound: the server does not know the run.
            InvalidParameter: a name is not allowed.
            SpoolFull: this machine's disk is full.
        """
        artifacts.put_folder(self._open_log(run_id), Path(local_dir), artifact_path)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Log text as a file, in UTF-8.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the path is not allowed.
            SpoolFull: this machine's disk is full.
        """
        artifacts.put_text(self._open_log(run_id), text, artifact_file)

    def log_dict(self, run_id: str, dictionary: dict[str, Any], artifact_file: str) -> None:
        """Log a dictionary as a file: YAML if its name ends in ``.yml`` or ``.yaml``, else JSON.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the path is not allowed.
            SpoolFull: this machine's disk is full.
        """
        artifacts.put_dict(self._open_log(run_id), dictionary, artifact_file)

    def log_stream(self, run_id: str, stream: Readable, artifact_file: str) -> None:
        """Log what a binary stream holds, as a file.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the path is not allowed, or the stream gives text.
            SpoolFull: this machine's disk is full.
        """
        artifacts.put_stream(self._open_log(run_id), stream, artifact_file)

    def log_figure(
        self, run_id: str, figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None
    ) -> None:
        """Log a figure of matplotlib or plotly; see `headrace.log_figure`.

        Raises:
            TypeError: the figure, or the ending, is of another kind.
            NotFound: the server does not know the run.
            SpoolFull: this machine's disk is full.
        """
        media.put_figure(self._open_log(run_id), figure, artifact_file, save_kwargs)

    def log_image(
        self,
        run_id: str,
        image: "np.ndarray[Any, Any] | PillowImage.Image | media.Image",
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Log an image, as a file or as one of a series; see `headrace.log_image`.

        Raises:
            TypeError: the arguments contradict each other, or the image is of another kind.
            NotFound: the server does not know the run.
            SpoolFull: this machine's disk is full.
        """
        log = self._open_log(run_id)
        media.put_image(log, image, artifact_file, key, step, timestamp, synchronous=bool(synchronous))

    def log_table(self, run_id: str, data: "dict[str, Any] | pd.DataFrame", artifact_file: str) -> None:
        """Log a table; rows are appended to those that are there. See `headrace.log_table`.

        Raises:
            InvalidParameter: the data is no table, or cannot be written as such a file.
            NotFound: the server does not know the run.
            SpoolFull: this machine's disk is full.
        """
        tables.put_table(self._open_log(run_id), self._uri, data, artifact_file)

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: list[str] | None = None,
        extra_columns: list[str] | None = None,
    ) -> "pd.DataFrame":
        """Return the rows of a table of several runs; see `headrace.load_table`.

        Raises:
            NotFound: no run has such a table.
            InvalidParameter: this client is of another tracking URI than this process.
        """
        if self._uri != state.get_tracking_uri():
            raise InvalidParameter(
                f"load_table reads at the tracking URI of this process; call set_tracking_uri({self._uri!r}) first."
            )
        return tables.read_tables(str(experiment_id), artifact_file, run_ids, extra_columns)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """Return what is directly in a folder of a run, sorted; nothing if the path names a file, or nothing.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the path is not a plain relative one.
        """
        self._settle()
        return artifact_reads.list_artifacts(run_id=run_id, artifact_path=path, tracking_uri=self._uri)

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Bring a file or folder of a run to this machine.

        Args:
            run_id: the run.
            path: in the run; empty for everything.
            dst_path: the folder that it is put into; a new one if it is not given.

        Returns:
            Where it is.

        Raises:
            NotFound: there is no such run or file.
        """
        self._settle()
        return artifact_reads.download_artifacts(
            run_id=run_id, artifact_path=path, dst_path=dst_path, tracking_uri=self._uri
        )
