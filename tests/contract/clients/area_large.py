"""A file of more than 100 MB, up and down; a client that wishes to send it in parts goes on without."""

import hashlib
import os
from pathlib import Path

from mlflow.tracking import MlflowClient
from peer import Area, make_folder

SIZE_BYTES = 110_000_007
BLOCK_BYTES = 1 << 20


def write_file(path: Path) -> str:
    """Write a file that repeats nowhere and return its digest."""
    seen = hashlib.sha256()
    block = os.urandom(BLOCK_BYTES)
    with path.open("wb") as file:
        while left := SIZE_BYTES - file.tell():
            part = (file.tell().to_bytes(8, "little") + block)[: min(left, BLOCK_BYTES)]
            seen.update(part)
            file.write(part)
    return seen.hexdigest()


def digest(path: str) -> str:
    """Return the digest of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(area: Area, client: MlflowClient, run_id: str) -> None:
    source = make_folder() / "large.bin"
    expected = write_file(source)
    client.log_artifact(run_id, str(source))
    listed = [(file.path, file.file_size) for file in client.list_artifacts(run_id)]
    area.equal("its size", listed, [("large.bin", SIZE_BYTES)])
    area.equal(
        "its content", digest(client.download_artifacts(run_id, "large.bin", str(make_folder()))), expected
    )
    os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
    os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(BLOCK_BYTES)
    client.log_artifact(run_id, str(source), "parts")
    again = client.download_artifacts(run_id, "parts/large.bin", str(make_folder()))
    area.equal("its content when parts were wished for", digest(again), expected)


def main() -> None:
    area = Area("large")
    client = MlflowClient()
    experiment_id = client.create_experiment(area.unique)
    check_file(area, client, client.create_run(experiment_id).info.run_id)
    area.finish()


if __name__ == "__main__":
    main()
