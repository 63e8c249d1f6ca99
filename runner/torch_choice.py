"""Which build of PyTorch this machine needs.

On Linux the usual index gives the CUDA build, several GB that are of no use without an
NVIDIA GPU. The CPU build lies on an index of its own, and some networks reach only the
usual one (or a mirror, which may well carry the CPU build of the tested release).
"""

import platform
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

CPU_HOST = "download.pytorch.org"
CPU_INDEX = f"https://{CPU_HOST}/whl/cpu"
TESTED, OLDEST = "torch==2.13.0", "torch>=2.6"
PROBE_S = 3.0
CPU_BYTES, CUDA_BYTES = 2_500_000_000, 8_000_000_000


@dataclass(frozen=True)
class TorchChoice:
    """What to tell pip, best first; each attempt is a list of its arguments."""

    label: str
    attempts: tuple[tuple[str, ...], ...]
    needed_bytes: int


def choose_torch(system: str, has_nvidia: bool, cpu_index_reachable: bool) -> TorchChoice:
    """The attempts for a machine; `system` is `platform.system()`."""
    if system != "Linux":
        return TorchChoice("PyTorch", ((OLDEST,),), CPU_BYTES)
    if has_nvidia:
        return TorchChoice("PyTorch with CUDA", ((OLDEST,),), CUDA_BYTES)
    usual = ((TESTED,), (OLDEST,))
    if not cpu_index_reachable:
        return TorchChoice("PyTorch", usual, CPU_BYTES)
    cpu = ((TESTED, "--index-url", CPU_INDEX), (OLDEST, "--index-url", CPU_INDEX))
    return TorchChoice("PyTorch for CPU", cpu + usual, CPU_BYTES)


def torch_for_this_machine() -> TorchChoice:
    """`choose_torch` with what this machine says about itself."""
    system = platform.system()
    nvidia = system == "Linux" and has_nvidia()
    reachable = system == "Linux" and not nvidia and can_reach(CPU_HOST)
    return choose_torch(system, nvidia, reachable)


def has_nvidia(driver: Path = Path("/proc/driver/nvidia/gpus")) -> bool:
    """Whether an NVIDIA GPU and its driver are here."""
    if driver.is_dir() and any(driver.iterdir()):
        return True
    command = shutil.which("nvidia-smi")
    if command is None:
        return False
    try:
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=15)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and "GPU " in listed.stdout


def can_reach(host: str, port: int = 443, timeout_s: float = PROBE_S) -> bool:
    """Whether a host answers quickly, so that an offline machine does not wait for pip."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True
