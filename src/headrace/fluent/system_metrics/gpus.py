"""GPUs of this machine, of either maker: what they are, and what they are doing now.

NVIDIA's are asked through NVML (the package nvidia-ml-py), AMD's through the kernel's files. Where there is neither, there are none.
"""

import sys
from pathlib import Path
from typing import Any, Protocol

from headrace.base.errors import NotImplementedByServer
from headrace.base.plugins import load
from headrace.fluent.system_metrics.amd import find_amd_gpus

_DEVICES = Path("/dev")
_NVIDIA = ("nvidia", "nvhost", "nvgpu", "dxg")
"""With these begin the names of the devices of NVIDIA's drivers for Linux: of cards, of Jetsons (two), and of WSL."""


class Gpus(Protocol):
    """The GPUs of one maker."""

    def describe(self) -> list[dict[str, Any]]:
        """Return what each is: name, id, memory in bytes, driver."""
        ...

    def sample(self) -> dict[str, float]:
        """Return what each is doing, under MLflow's names (``gpu_0_utilization_percentage``); what one does not tell is left out."""
        ...

    def close(self) -> None:
        """Give them back."""
        ...


def find_gpus(devices: Path = _DEVICES) -> Gpus | None:
    """Return the GPUs of this machine, NVIDIA's before AMD's, or None.

    Args:
        devices: the folder in which Linux lists its devices.
    """
    return (_find_nvidia_gpus() if _may_have_nvidia(devices) else None) or find_amd_gpus()


def list_gpus() -> list[dict[str, Any]]:
    """Return what the GPUs of this machine are; none if there are none or nobody can be asked."""
    gpus = find_gpus()
    if gpus is None:
        return []
    try:
        return gpus.describe()
    finally:
        gpus.close()


def _find_nvidia_gpus() -> Gpus | None:
    try:
        module = load("headrace.fluent.system_metrics.nvidia", extra="system", purpose="GPU metrics")
    except NotImplementedByServer:
        return None
    gpus: Gpus | None = module.find_nvidia_gpus()
    return gpus


def _may_have_nvidia(devices: Path) -> bool:
    """Tell whether NVML may find something: looking takes less time than loading it in vain."""
    if sys.platform != "linux":
        return True
    try:
        return any(device.name.startswith(_NVIDIA) for device in devices.iterdir())
    except OSError:
        return True
