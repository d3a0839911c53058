"""NVIDIA's GPUs, through NVML. The only module that imports pynvml; it is loaded where that is installed."""

import contextlib
from collections.abc import Callable
from typing import Any

import pynvml  # type: ignore[import-untyped, unused-ignore]

_MEGABYTE = 1e6


class NvidiaGpus:
    """The GPUs that NVML tells of. NVML counts its users: each of these must be closed.

    Args:
        handles: NVML's own, in its order.
    """

    def __init__(self, handles: list[Any]) -> None:
        self._handles = handles

    def describe(self) -> list[dict[str, Any]]:
        """Return what each GPU is; what it does not tell is left out."""
        driver = _ask(pynvml.nvmlSystemGetDriverVersion)
        cuda = _ask(pynvml.nvmlSystemGetCudaDriverVersion)
        return [_describe(handle, driver, cuda) for handle in self._handles]

    def sample(self) -> dict[str, float]:
        """Return memory, load and power of each GPU; what it does not tell is left out."""
        values: dict[str, float] = {}
        for number, handle in enumerate(self._handles):
            values |= {f"gpu_{number}_{name}": value for name, value in _sample(handle).items()}
        return values

    def close(self) -> None:
        """Give NVML back."""
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def find_nvidia_gpus() -> NvidiaGpus | None:
    """Return the GPUs, or None: there are none, or no driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        handles = []
    gpus = NvidiaGpus(handles)
    if not handles:
        gpus.close()
        return None
    return gpus


def _ask(question: Callable[..., Any], *arguments: Any) -> Any | None:
    """Return an answer of NVML, or None: each driver and each card answers some questions and not others."""
    try:
        return question(*arguments)
    except pynvml.NVMLError:
        return None


def _describe(handle: Any, driver: str | None, cuda: int | None) -> dict[str, Any]:
    memory = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle)
    told = {
        "name": _ask(pynvml.nvmlDeviceGetName, handle),
        "id": _ask(pynvml.nvmlDeviceGetUUID, handle),
        "memory_bytes": memory.total if memory else None,
        "driver": driver,
        "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _sample(handle: Any) -> dict[str, float]:
    values: dict[str, float] = {}
    memory = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle)
    if memory is not None and memory.total:
        values["memory_usage_megabytes"] = memory.used / _MEGABYTE
        values["memory_usage_percentage"] = memory.used / memory.total * 100
    load = _ask(pynvml.nvmlDeviceGetUtilizationRates, handle)
    if load is not None:
        values["utilization_percentage"] = float(load.gpu)
    milliwatts = _ask(pynvml.nvmlDeviceGetPowerUsage, handle)
    if milliwatts is not None:
        values["power_usage_watts"] = milliwatts / 1000
        limit = _ask(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        if limit:
            values["power_usage_percentage"] = milliwatts / limit * 100
    return values
