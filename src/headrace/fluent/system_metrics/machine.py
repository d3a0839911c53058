"""Samples of this machine: processors, memory, disk, network, GPUs, under MLflow's names. The only module that imports psutil.

Megabytes are 1,000,000 bytes. What the network has carried counts from the beginning. Load is the mean since the sample before.
"""

import os

import psutil

from headrace.fluent.system_metrics.gpus import Gpus, find_gpus

_MEGABYTE = 1e6


class Machine:
    """This machine; made by `open_machine`.

    Args:
        gpus: its GPUs, if any.
        received: bytes that the network had received at the beginning.
        sent: bytes that it had sent.
    """

    def __init__(self, gpus: Gpus | None, received: int, sent: int) -> None:
        self._gpus = gpus
        self._received = received
        self._sent = sent

    def sample(self) -> dict[str, float]:
        """Return what the machine is doing."""
        memory, disk, (received, sent) = psutil.virtual_memory(), psutil.disk_usage(os.sep), _read_network()
        values = {
            "cpu_utilization_percentage": float(psutil.cpu_percent()),
            "system_memory_usage_megabytes": memory.used / _MEGABYTE,
            "system_memory_usage_percentage": memory.used / memory.total * 100,
            "disk_usage_percentage": float(disk.percent),
            "disk_usage_megabytes": disk.used / _MEGABYTE,
            "disk_available_megabytes": disk.free / _MEGABYTE,
            "network_receive_megabytes": (received - self._received) / _MEGABYTE,
            "network_transmit_megabytes": (sent - self._sent) / _MEGABYTE,
        }
        return values | (self._gpus.sample() if self._gpus is not None else {})

    def close(self) -> None:
        """Give the GPUs back."""
        if self._gpus is not None:
            self._gpus.close()


def open_machine() -> Machine:
    """Return this machine, ready to be sampled."""
    psutil.cpu_percent()  # the first answer means nothing; later ones count from here
    received, sent = _read_network()
    return Machine(find_gpus(), received, sent)


def _read_network() -> tuple[int, int]:
    """Return bytes received and sent since the machine was started; zeros where it has no network."""
    counters = psutil.net_io_counters()
    return (counters.bytes_recv, counters.bytes_sent) if counters is not None else (0, 0)
