"""Logged models, from the client's side: their life, params and tags, and their files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from headrace.api import logged_models as rows
from headrace.api.artifacts import FileInfo
from headrace.api.logged_models import (
    LoggedModel,
    LoggedModelOrder,
    LoggedModelParam,
    LoggedModelStatus,
    SearchDataset,
)
from headrace.client.pages import iterate
from headrace.client.transfer import FileTree, download_tree, upload_tree
from headrace.client.transport import Transport
from headrace.client.values import build_tags, read_list, split

MAX_PARAMS = 100


class Models:
    """Calls about logged models.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        experiment_id: str,
        *,
        name: str = "",
        model_type: str = "",
        source_run_id: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> LoggedModel:
        """Create a logged model, in the state PENDING: its files are uploaded next, then `finalize` is called.

        Args:
            experiment_id: the experiment that it belongs to.
            name: one is made up if it is empty.
            model_type: such as ``agent`` or ``classifier``.
            source_run_id: the run that has made it.
            params: values become text.
            tags: values become text.

        Raises:
            NotFound: there is no such experiment or run.
            InvalidParameter: a value is not allowed.
        """
        request = rows.CreateLoggedModel(
            experiment_id=experiment_id,
            name=name,
            model_type=model_type,
            source_run_id=source_run_id,
            params=_build_params(params or {}),
            tags=build_tags(tags),
        )
        return self._transport.call(rows.CREATE, request).model

    def get(self, model_id: str) -> LoggedModel:
        """Return a logged model.

        Raises:
            NotFound: there is none with this id, or it is deleted.
        """
        return self._transport.call(rows.GET, rows.LoggedModelById(model_id=model_id)).model

    def finalize(self, model_id: str, status: LoggedModelStatus = LoggedModelStatus.READY) -> LoggedModel:
        """Say that a model's files are complete (READY), or that their upload failed (UPLOAD_FAILED).

        Raises:
            NotFound: there is no such model.
        """
        request = rows.FinalizeLoggedModel(model_id=model_id, status=status)
        return self._transport.call(rows.FINALIZE, request).model

    def delete(self, model_id: str) -> None:
        """Mark a logged model as deleted.

        Raises:
            NotFound: there is no such model.
        """
        self._transport.call(rows.DELETE, rows.LoggedModelById(model_id=model_id))

    def search(
        self,
        experiment_ids: Sequence[str],
        filter: str = "",  # noqa: A002 - the word of the wire
        datasets: Sequence[SearchDataset] = (),
        order_by: Sequence[LoggedModelOrder] = (),
        page_size: int = 50,
    ) -> Iterator[LoggedModel]:
        """Yield logged models, page by page; the first call is made with the first item.

        Args:
            experiment_ids: where to search.
            filter: such as ``metrics.accuracy > 0.9 AND name LIKE 'tree%'``; empty for all.
            datasets: metrics of the filter count only if they were measured on one of these.
            order_by: keys of the order; newest first by default.
            page_size: how many are fetched at once.

        Raises:
            InvalidParameter: the filter, an order or the page size is not allowed.
        """
        request = rows.SearchLoggedModels(
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            filter=filter,
            datasets=list(datasets),
            order_by=read_list(order_by, "order_by"),
            max_results=page_size,
        )
        return iterate(self._transport, rows.SEARCH, request, lambda page: page.models)

    def set_tags(self, model_id: str, tags: Mapping[str, object]) -> None:
        """Set tags; values become text.

        Raises:
            NotFound: there is no such model.
        """
        request = rows.SetLoggedModelTags(model_id=model_id, tags=build_tags(tags))
        self._transport.call(rows.SET_TAGS, request)

    def delete_tag(self, model_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            NotFound: there is no such model or tag.
        """
        self._transport.call(rows.DELETE_TAG, rows.DeleteLoggedModelTag(model_id=model_id, tag_key=key))

    def log_params(self, model_id: str, params: Mapping[str, object]) -> None:
        """Log params, in groups of 100; values become text. A param cannot change its value.

        Raises:
            NotFound: there is no such model.
            InvalidParameter: a param has another value already, or a value is not allowed.
        """
        for group in split(_build_params(params), MAX_PARAMS):
            request = rows.LogLoggedModelParams(model_id=model_id, params=list(group))
            self._transport.call(rows.LOG_PARAMS, request)

    def list_artifacts(self, model_id: str, path: str = "") -> list[FileInfo]:
        """Return what is directly in a folder of a model, sorted; nothing if the path names a file, or nothing.

        Raises:
            NotFound: there is no such model.
        """
        request = rows.ListLoggedModelArtifacts(model_id=model_id, artifact_directory_path=path)
        return [*iterate(self._transport, rows.LIST_ARTIFACTS, request, lambda page: page.files)]

    def upload(self, model_id: str, local_path: str | Path, path: str = "") -> list[str]:
        """Upload a file, or all that is in a folder, to a model; see `headrace.client.artifacts.Artifacts.upload`."""
        return upload_tree(self._transport, self.get(model_id).info.artifact_uri, Path(local_path), path)

    def download(self, model_id: str, path: str = "", destination: str | Path = ".") -> Path:
        """Download a file or folder of a model; see `headrace.client.artifacts.Artifacts.download`."""
        transport = self._transport
        tree = FileTree(
            lambda folder: self.list_artifacts(model_id, folder),
            lambda file, offset, version: transport.download(
                rows.GET_FILE,
                rows.GetLoggedModelFile(model_id=model_id, artifact_file_path=file),
                offset=offset,
                version=version,
            ),
        )
        return download_tree(tree, path, Path(destination))


def _build_params(params: Mapping[str, object]) -> list[LoggedModelParam]:
    return [LoggedModelParam(key=key, value=str(value)) for key, value in params.items()]
