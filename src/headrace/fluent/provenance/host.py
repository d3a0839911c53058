"""The machine: system, processors, memory, GPUs, container, and the environment variables that may be recorded.

It is read from the operating system's own files and calls; no program is run, and no address is asked.
"""

import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from headrace.base.redaction import is_secret_name, mask_arguments
from headrace.fluent.provenance.context import read_login
from headrace.fluent.provenance.parts import SETTINGS
from headrace.fluent.system_metrics.gpus import list_gpus

VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG",
    "CONDA_DEFAULT_ENV",
    "HIP_VISIBLE_DEVICES",
    "JAX_PLATFORMS",
    "MKL_NUM_THREADS",
    "NCCL_*",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTORCH_*",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "ROCR_VISIBLE_DEVICES",
    "SLURM_*ID",
    "SLURM_JOB_NAME",
    "SLURM_JOB_PARTITION",
    "SLURM_NNODES",
    "SLURM_NTASKS",
    "SLURM_RESTART_COUNT",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_XLA_FLAGS",
    "TORCHELASTIC_RESTART_COUNT",
    "TZ",
    "XLA_*",
)
"""Environment variables that are recorded; HEADRACE_PROVENANCE_ENV adds to them. One whose name speaks of a secret never is."""

_WILD = frozenset("*?[")
_CONTAINER_ID = r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_NO_LIMIT = 2**60


def read_host(*, root: Path = Path("/")) -> dict[str, Any]:
    """Return what is known of the machine; what cannot be found out is left out. Memory is in bytes.

    Args:
        root: where the system's files are.
    """
    told: dict[str, Any] = {
        "name": platform.node(),
        "user": read_login(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "distribution": _read_distribution(root),
        "processor": _read_processor(root),
        "processors": os.cpu_count(),
        "processors_usable": _count_usable(),
        "memory_bytes": _read_memory(),
        "limits": _read_limits(root),
        "container": find_container(root=root),
        "gpus": list_gpus(),
    }
    return {key: value for key, value in told.items() if value not in (None, "", {}, [])}


def describe_platform() -> str:
    """Return what `platform.platform` does, such as ``Linux-6.1-x86_64-with-glibc2.36``; on Linux without the program that it runs to ask for a processor's name."""
    if sys.platform != "linux":
        return platform.platform()
    library, version = platform.libc_ver()
    parts = (
        platform.system(),
        platform.release(),
        platform.machine(),
        "with" * bool(library),
        library + version,
    )
    return "-".join(part for part in parts if part)


def read_variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables that are on the list, never one whose name speaks of a secret; credentials in values are masked.

    Args:
        environ: where to look; the process's environment unless given.
    """
    place = os.environ if environ is None else environ
    given = SETTINGS["provenance_env"].find(place) or ""
    is_listed = _list_names(given)
    return {
        name: mask_arguments([value])[0]
        for name, value in sorted(place.items())
        if is_listed(name) and not is_secret_name(name)
    }


def find_container(*, root: Path = Path("/"), environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what is known of the container that this process is in: kind, id, image, pod, namespace; nothing outside of one.

    Args:
        root: where the system's files are.
        environ: the environment; the process's own unless given.
    """
    place = os.environ if environ is None else environ
    told: dict[str, str] = {}
    if image := place.get("APPTAINER_CONTAINER") or place.get("SINGULARITY_CONTAINER"):
        return {"kind": "apptainer", "image": image}
    podman = root / "run/.containerenv"
    if podman.exists():
        told = {"kind": "podman"} | _read_pairs(_read(podman), {"id", "image"})
    elif (root / ".dockerenv").exists():
        told = {"kind": "docker"}
    groups = _read(root / "proc/self/cgroup") + _read(root / "proc/self/mountinfo")
    if place.get("KUBERNETES_SERVICE_HOST"):
        told["kind"] = "kubernetes"
        told["pod"] = place.get("HOSTNAME", "")
        told["namespace"] = _read(root / _NAMESPACE.relative_to("/")).strip()
    elif not told and any(word in groups for word in ("/docker/", "/docker-", "/libpod-", "cri-containerd")):
        told["kind"] = "container"
    if told and "id" not in told and (found := re.search(_CONTAINER_ID, groups)):
        told["id"] = found[0]
    return {key: value for key, value in told.items() if value}


def _list_names(given: str) -> Callable[[str], bool]:
    """Return what tells whether a name is on the list. Most of it are plain names, which need no pattern."""
    listed = [*VARIABLES, *(word.strip() for word in given.split(",") if word.strip())]
    plain = {word for word in listed if not _WILD.intersection(word)}
    patterns = [word for word in listed if word not in plain]
    return lambda name: name in plain or any(fnmatchcase(name, pattern) for pattern in patterns)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _read_pairs(text: str, names: set[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value.strip('"') for name, _, value in pairs if name in names}


def _read_distribution(root: Path) -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return _read_pairs(_read(root / "etc/os-release"), {"PRETTY_NAME"}).get("PRETTY_NAME", "")


def _read_processor(root: Path) -> str:
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    return found[1].strip() if found else os.environ.get("PROCESSOR_IDENTIFIER", "")


def _count_usable() -> int | None:
    ask = getattr(os, "sched_getaffinity", None)
    return len(ask(0)) if ask else os.cpu_count()


def _read_memory() -> int | None:
    ask = getattr(os, "sysconf", None)
    try:
        return int(ask("SC_PAGE_SIZE") * ask("SC_PHYS_PAGES")) if ask else None
    except (ValueError, OSError):
        return None


def _read_limits(root: Path) -> dict[str, float]:
    """Return what the control group allows: bytes of memory, and processors."""
    groups = root / "sys/fs/cgroup"
    limits: dict[str, float] = {}
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(groups / name).strip()
        if text.isdigit() and int(text) < _NO_LIMIT:
            limits["memory_bytes"] = int(text)
            break
    quota, period = (_read(groups / "cpu.max").split() or ["max", "max"])[:2]
    if quota == "max":
        quota = _read(groups / "cpu/cpu.cfs_quota_us").strip()
        period = _read(groups / "cpu/cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(period):
        limits["processors"] = int(quota) / int(period)
    return limits
