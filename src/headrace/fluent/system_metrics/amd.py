"""AMD's GPUs, through the files in which the Linux kernel's driver tells of them; no package is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_CARDS = Path("/sys/class/drm")
_AMD = "0x1002"
_MEGABYTE = 1e6
_MICROWATTS = 1e6


class AmdGpus:
    """The GPUs that the kernel tells of.

    Args:
        devices: the folder of each.
    """

    def __init__(self, devices: Sequence[Path]) -> None:
        self._devices = devices

    def describe(self) -> list[dict[str, Any]]:
        """Return what each GPU is; what the driver does not tell is left out."""
        told = (
            {
                "name": _read(device / "product_name") or f"AMD {_read(device / 'device')}",
                "id": _read(device / "unique_id"),
                "memory_bytes": _read_number(device / "mem_info_vram_total"),
                "driver": _read(Path("/sys/module/amdgpu/version")),
            }
            for device in self._devices
        )
        return [{key: value for key, value in one.items() if value} for one in told]

    def sample(self) -> dict[str, float]:
        """Return memory, load and power of each GPU; what the driver does not tell is left out."""
        values: dict[str, float] = {}
        for number, device in enumerate(self._devices):
            values |= {f"gpu_{number}_{name}": value for name, value in _sample(device).items()}
        return values

    def close(self) -> None:
        """Do nothing: no file is kept open."""


def find_amd_gpus(cards: Path = _CARDS) -> AmdGpus | None:
    """Return the GPUs, or None if there are none.

    Args:
        cards: the folder in which the kernel lists the graphics cards.
    """
    numbered = [card for card in cards.glob("card*") if card.name.removeprefix("card").isdigit()]
    devices = [card / "device" for card in sorted(numbered, key=lambda card: int(card.name[4:]))]
    found = [
        device
        for device in devices
        if _read(device / "vendor") == _AMD and _read_number(device / "mem_info_vram_total")
    ]
    return AmdGpus(found) if found else None


def _sample(device: Path) -> dict[str, float]:
    values: dict[str, float] = {}
    used, total = _read_number(device / "mem_info_vram_used"), _read_number(device / "mem_info_vram_total")
    if used is not None and total:
        values["memory_usage_megabytes"] = used / _MEGABYTE
        values["memory_usage_percentage"] = used / total * 100
    busy = _read_number(device / "gpu_busy_percent")
    if busy is not None:
        values["utilization_percentage"] = float(busy)
    sensor = next(iter(sorted((device / "hwmon").glob("hwmon*"))), None)
    if sensor is None:
        return values
    power = _read_number(sensor / "power1_average")
    power = _read_number(sensor / "power1_input") if power is None else power
    if power is not None:
        values["power_usage_watts"] = power / _MICROWATTS
        limit = _read_number(sensor / "power1_cap")
        if limit:
            values["power_usage_percentage"] = power / limit * 100
    return values


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:  # the card sleeps, or its driver does not know the file
        return ""


def _read_number(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdigit() else None
