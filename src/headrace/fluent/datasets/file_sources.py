"""Sources that are files: on this machine, in object stores, on the web.

What the other end says of a file's name is never taken for a path. The module opens nothing itself: `headrace.fluent.artifact_reads` does.
"""

from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from headrace.base.errors import InvalidParameter
from headrace.fluent.artifact_reads import download_artifacts
from headrace.fluent.datasets.source import DatasetSource


class FileSystemDatasetSource(DatasetSource):
    """Files under a URI.

    Args:
        uri: of the file or folder.
    """

    source_type: ClassVar[str] = ""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @property
    def uri(self) -> str:
        """The URI of the file or folder."""
        return self._uri

    @classmethod
    def _get_source_type(cls) -> str:
        return cls.source_type

    def load(self, dst_path: str | None = None) -> str:
        """Fetch the file or folder; what lies on this machine stays where it is unless `dst_path` is given.

        Args:
            dst_path: the folder that it is put into; a new one unless given.

        Returns:
            Where it is.

        Raises:
            NotImplementedByServer: files of this kind of place cannot be read from here.
        """
        return download_artifacts(artifact_uri=self._uri, dst_path=dst_path)

    @classmethod
    def _can_resolve(cls, raw_source: Any) -> bool:
        return isinstance(raw_source, str | Path) and _scheme_of(raw_source) == cls.source_type

    @classmethod
    def _resolve(cls, raw_source: Any) -> DatasetSource:
        return cls(str(raw_source))

    def to_dict(self) -> dict[str, Any]:
        """Return the URI."""
        return {"uri": self._uri}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described.

        Raises:
            InvalidParameter: it names no URI.
        """
        return cls(_require(source_dict, "uri", cls.__name__))


class LocalArtifactDatasetSource(FileSystemDatasetSource):
    """Files on this machine."""

    source_type = "local"


class S3ArtifactDatasetSource(FileSystemDatasetSource):
    """Files in S3, or what speaks its protocol."""

    source_type = "s3"


class R2ArtifactDatasetSource(FileSystemDatasetSource):
    """Files in Cloudflare R2."""

    source_type = "r2"


class B2ArtifactDatasetSource(FileSystemDatasetSource):
    """Files in Backblaze B2."""

    source_type = "b2"


class GCSArtifactDatasetSource(FileSystemDatasetSource):
    """Files in Google Cloud Storage."""

    source_type = "gs"


class AzureBlobArtifactDatasetSource(FileSystemDatasetSource):
    """Files in Azure's blob storage."""

    source_type = "wasbs"


class AzureDataLakeArtifactDatasetSource(FileSystemDatasetSource):
    """Files in Azure's data lake."""

    source_type = "abfss"


class FTPArtifactDatasetSource(FileSystemDatasetSource):
    """Files on an FTP server."""

    source_type = "ftp"


class SFTPArtifactDatasetSource(FileSystemDatasetSource):
    """Files on an SSH server."""

    source_type = "sftp"


class HdfsArtifactDatasetSource(FileSystemDatasetSource):
    """Files in HDFS."""

    source_type = "hdfs"


class ViewfsArtifactDatasetSource(HdfsArtifactDatasetSource):
    """Files in HDFS, under a mount table."""

    source_type = "viewfs"


class HTTPDatasetSource(DatasetSource):
    """A file on the web.

    Args:
        url: http or https.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def url(self) -> str:
        """The address of the file."""
        return self._url

    @classmethod
    def _get_source_type(cls) -> str:
        return "http"

    def load(self, dst_path: str | None = None) -> str:
        """Download the file.

        Args:
            dst_path: the folder that it is put into; a new one unless given.

        Returns:
            Where it is.

        Raises:
            HeadraceError: it could not be fetched, or the other end names it like a path.
        """
        return download_artifacts(artifact_uri=self._url, dst_path=dst_path)

    @classmethod
    def _can_resolve(cls, raw_source: Any) -> bool:
        return isinstance(raw_source, str) and _scheme_of(raw_source) in {"http", "https"}

    @classmethod
    def _resolve(cls, raw_source: Any) -> DatasetSource:
        return cls(raw_source)

    def to_dict(self) -> dict[str, Any]:
        """Return the address."""
        return {"url": self._url}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described.

        Raises:
            InvalidParameter: it names no address.
        """
        return cls(_require(source_dict, "url", cls.__name__))


def _scheme_of(raw_source: str | Path) -> str:
    """Return the scheme of an address; ``local`` for one of this machine, nothing for what is no address."""
    try:
        parts = urlsplit(str(raw_source))
        host = parts.hostname or ""
    except ValueError:
        return ""
    is_drive = len(parts.scheme) == 1 and str(raw_source)[1:2] == ":"
    if parts.scheme == "" or is_drive:
        return "local"
    if parts.scheme == "file":
        return "local" if host in {"", "."} or host.startswith(("localhost", "127.0.0.1")) else ""
    return parts.scheme


def _require(source_dict: dict[Any, Any], key: str, kind: str) -> str:
    value = source_dict.get(key)
    if value is None:
        raise InvalidParameter(
            f"The description of a {kind} lacks {key!r}; it has {sorted(map(str, source_dict))}."
        )
    return str(value)


FILE_SOURCES: tuple[type[DatasetSource], ...] = (
    LocalArtifactDatasetSource,
    S3ArtifactDatasetSource,
    R2ArtifactDatasetSource,
    B2ArtifactDatasetSource,
    GCSArtifactDatasetSource,
    AzureBlobArtifactDatasetSource,
    FTPArtifactDatasetSource,
    SFTPArtifactDatasetSource,
    HdfsArtifactDatasetSource,
    ViewfsArtifactDatasetSource,
    AzureDataLakeArtifactDatasetSource,
    HTTPDatasetSource,
)
