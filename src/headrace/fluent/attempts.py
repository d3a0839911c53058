"""Jobs, their launches and their ranks: which run a job's process belongs to, read from what launchers put into the environment.

A launch of a job (an attempt) has a name that all its ranks know and that the next launch does not have. It is HEADRACE_ATTEMPT, or is put together from what these
launchers say:

| launcher | variables |
|---|---|
| Slurm | SLURM_JOB_ID, SLURM_STEP_ID, SLURM_RESTART_COUNT |
| torchrun | TORCHELASTIC_RUN_ID, TORCHELASTIC_RESTART_COUNT |
| AWS Batch | AWS_BATCH_JOB_ID, AWS_BATCH_JOB_ATTEMPT |
| Flyte | FLYTE_ATTEMPT_NUMBER |
| Open MPI, PMIx | PMIX_NAMESPACE |
| Kubernetes job | POD_NAME or HOSTNAME, where KUBERNETES_SERVICE_HOST is set |

Without any of them a process on its own makes up a name. The rank is RANK, SLURM_PROCID, OMPI_COMM_WORLD_RANK, PMIX_RANK or PMI_RANK, whichever is set first; rank 0 begins the attempt,
the others join it. No run is known here.
"""

import hashlib
import os
import socket
import time
from collections.abc import Mapping

from headrace.api.ingest import AttemptRecord
from headrace.fluent.environment import ATTEMPT

RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
MAX_NAME = 250
_DIGITS = 32
_LAUNCHERS = (
    ("slurm", "SLURM_JOB_ID", ("SLURM_STEP_ID", "SLURM_RESTART_COUNT")),
    ("batch", "AWS_BATCH_JOB_ID", ("AWS_BATCH_JOB_ATTEMPT",)),
    ("flyte", "FLYTE_ATTEMPT_NUMBER", ()),
    ("pmix", "PMIX_NAMESPACE", ()),
)
_TORCH_ID, _TORCH_COUNT = "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"
_TORCH_DEFAULT_ID = "none"


def job_run_id(destination: str, experiment: str, job_id: str) -> str:
    """Return the id of a job's run: the same in every rank and after every restart, whether or not a server is in reach.

    Args:
        destination: the tracking URI without credentials.
        experiment: the experiment, as it was chosen: by name or by id.
        job_id: the job.
    """
    text = f"headrace job\0{destination}\0{experiment}\0{job_id}"
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def read_rank(environ: Mapping[str, str] = os.environ) -> int:
    """Return the rank of this process in its job; 0 if it is on its own."""
    said = next((environ[name] for name in RANKS if environ.get(name)), "0")
    return int(said) if said.isdecimal() else 0


def read_attempt(rank: int, environ: Mapping[str, str] = os.environ) -> AttemptRecord | None:
    """Return the attempt that this process belongs to; None for a rank that joins whichever one there is.

    Args:
        rank: of this process.
        environ: what launchers have said.
    """
    name = ATTEMPT.find(environ) or _name_launch(environ)
    if name is None and rank == 0:
        name = f"process {socket.gethostname()} {os.getpid()} {time.time_ns() // 1_000_000}"
    return None if name is None else AttemptRecord(name=name[:MAX_NAME])


def _name_launch(environ: Mapping[str, str]) -> str | None:
    """Return what the launchers' variables say of this launch, all of them together, for one may start another."""
    parts = [
        " ".join((label, environ[key], *(environ.get(more, "0") for more in others)))
        for label, key, others in _LAUNCHERS
        if environ.get(key)
    ]
    parts += _name_torch_launch(environ)
    if not parts and environ.get("KUBERNETES_SERVICE_HOST"):
        pod = environ.get("POD_NAME") or environ.get("HOSTNAME")
        if (
            pod and environ.get("WORLD_SIZE", "1") == "1"
        ):  # ranks are pods of their own, with nothing in common
            parts = [f"pod {pod} {os.getpid()} {time.time_ns() // 1_000_000}"]
    return ", ".join(parts) or None


def _name_torch_launch(environ: Mapping[str, str]) -> list[str]:
    count, number = environ.get(_TORCH_COUNT), environ.get(_TORCH_ID, _TORCH_DEFAULT_ID)
    if not count:
        return []
    if number != _TORCH_DEFAULT_ID:
        return [f"torchrun {number} {count}"]
    if environ.get("LOCAL_WORLD_SIZE") == environ.get("WORLD_SIZE"):  # all ranks have the same agent
        return [f"torchrun {socket.gethostname()} {os.getppid()} {count}"]
    return []
