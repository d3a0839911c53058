"""The client's calls about logged models."""

from collections.abc import Mapping
from typing import Any, Literal

from headrace.api import logged_models as rows
from headrace.base.errors import InvalidParameter
from headrace.client.entities import FileInfo, LoggedModel, LoggedModelStatus, PagedList
from headrace.fluent.flat.target import Target
from headrace.fluent.run_tables import read_ids


class ModelCalls(Target):
    """Calls about logged models."""

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Create a logged model, in the state PENDING: its files are uploaded next, then `finalize_logged_model` is called.

        Args:
            experiment_id: the experiment that it belongs to.
            name: one is made up if it is not given.
            source_run_id: the run that has made it.
            tags: values become text.
            params: likewise.
            model_type: such as ``agent``.

        Raises:
            NotFound: there is no such experiment or run.
            InvalidParameter: a value is not allowed.
        """
        made = self._settle().models.create(
            str(experiment_id),
            name=name or "",
            source_run_id=source_run_id or "",
            tags=tags,
            params=params,
            model_type=model_type or "",
        )
        return LoggedModel.from_wire(made)

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model.

        Raises:
            NotFound: there is none with this id, or it is deleted.
        """
        return LoggedModel.from_wire(self._settle().models.get(model_id))

    def finalize_logged_model(
        self, model_id: str, status: LoggedModelStatus | Literal["READY", "FAILED"]
    ) -> LoggedModel:
        """Say that a model's files are complete (READY), or that their upload failed (FAILED).

        Raises:
            NotFound: there is no such model.
            InvalidParameter: there is no such state.
        """
        try:
            state = LoggedModelStatus(status)
        except ValueError:
            known = ", ".join(each.value for each in LoggedModelStatus)
            raise InvalidParameter(
                f"There is no status {status!r} of a logged model; it must be one of {known}."
            ) from None
        return LoggedModel.from_wire(self._settle().models.finalize(model_id, state.to_wire()))

    def delete_logged_model(self, model_id: str) -> None:
        """Mark a logged model as deleted.

        Raises:
            NotFound: there is no such model.
        """
        self._settle().models.delete(model_id)

    def search_logged_models(
        self,
        experiment_ids: list[str],
        filter_string: str | None = None,
        datasets: list[dict[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: list[dict[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of logged models.

        Args:
            experiment_ids: where to search.
            filter_string: such as ``metrics.accuracy > 0.9 AND name LIKE 'tree%'``.
            datasets: metrics of the filter count only if they were measured on one of these, each with ``dataset_name`` and perhaps ``dataset_digest``.
            max_results: at most so many; 50 if it is not given.
            order_by: each with ``field_name``, and perhaps ``ascending``, ``dataset_name`` and ``dataset_digest``.
            page_token: the `token` of the page before.

        Raises:
            InvalidParameter: the filter, an order, the number or the token is not allowed.
        """
        request = rows.SearchLoggedModels(
            experiment_ids=read_ids(experiment_ids),
            filter=filter_string or "",
            datasets=[_read_dataset(each) for each in datasets or ()],
            order_by=[_read_order(each) for each in order_by or ()],
            page_token=page_token or "",
        )
        if max_results is not None:
            request.max_results = max_results
        page = self._settle().transport.call(rows.SEARCH, request)
        return PagedList(map(LoggedModel.from_wire, page.models or ()), page.next_page_token or None)

    def set_logged_model_tags(self, model_id: str, tags: dict[str, Any]) -> None:
        """Set tags of a logged model; values become text.

        Raises:
            NotFound: there is no such model.
        """
        self._settle().models.set_tags(model_id, tags)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Delete a tag of a logged model.

        Raises:
            NotFound: there is no such model or tag.
        """
        self._settle().models.delete_tag(model_id, key)

    def log_model_params(self, model_id: str, params: dict[str, str]) -> None:
        """Log params of a logged model; values become text, and cannot be changed.

        Raises:
            NotFound: there is no such model.
            InvalidParameter: a param has another value already.
        """
        self._settle().models.log_params(model_id, params)

    def list_logged_model_artifacts(self, model_id: str, path: str | None = None) -> list[FileInfo]:
        """Return what is directly in a folder of a logged model, sorted.

        Raises:
            NotFound: there is no such model.
        """
        return [
            FileInfo.from_wire(file) for file in self._settle().models.list_artifacts(model_id, path or "")
        ]

    def log_model_artifact(self, model_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Upload a file to a logged model.

        Raises:
            NotFound: there is no such model.
            InvalidParameter: there is no such file here.
        """
        self._settle().models.upload(model_id, local_path, artifact_path or "")

    def log_model_artifacts(self, model_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        """Upload all that is in a folder to a logged model.

        Raises:
            NotFound: there is no such model.
            InvalidParameter: there is no such folder here.
        """
        self._settle().models.upload(model_id, local_dir, artifact_path or "")


def _read_dataset(given: Mapping[str, Any]) -> rows.SearchDataset:
    if "dataset_name" not in given:
        raise InvalidParameter(f"The dataset {dict(given)!r} has no dataset_name.")
    return rows.SearchDataset(
        dataset_name=str(given["dataset_name"]), dataset_digest=str(given.get("dataset_digest") or "")
    )


def _read_order(given: Mapping[str, Any]) -> rows.LoggedModelOrder:
    if not isinstance(given, Mapping) or "field_name" not in given:
        raise InvalidParameter(
            f"The order {given!r} has no field_name; an order is like {{'field_name': 'metrics.accuracy', 'ascending': False}}."
        )
    return rows.LoggedModelOrder(
        field_name=str(given["field_name"]),
        ascending=bool(given.get("ascending", True)),
        dataset_name=str(given.get("dataset_name") or ""),
        dataset_digest=str(given.get("dataset_digest") or ""),
    )
