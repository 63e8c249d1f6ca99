"""What this machine has and lacks for Tìm Ảnh."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from timanh import __version__

NEEDED = ("numpy", "pillow", "torch", "transformers", "fastapi", "uvicorn", "matplotlib")
OPTIONAL = {
    "deep-translator": "translates Vietnamese for encoders that know none",
    "pyngrok": "opens a tunnel with --tunnel ngrok",
}
PROGRAMS = {
    ("ngrok",): "for --tunnel ngrok; pyngrok fetches it on first use",
    ("cloudflared",): "for --tunnel cloudflared, which needs no account",
    ("chromium", "chromium-browser", "google-chrome"): "for the browser tests alone",
}
HUB = ("huggingface.co", 443)
MIN_PYTHON = (3, 11)
MIN_MEMORY_GB, MIN_DISK_GB = 4.0, 3.0


@dataclass(frozen=True)
class Finding:
    """One thing looked for.

    Attributes:
        name: what was looked for.
        ok: whether it is there and enough.
        found: what was found.
        needed: without it, nothing works; else something optional does not.
        hint: what to do where it is not there.
    """

    name: str
    ok: bool
    found: str
    needed: bool = True
    hint: str = ""


def examine(workspace: Path, *, network: bool = False) -> Iterator[Finding]:
    """Look at everything in turn; the network only with `network`."""
    steps: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _hardware,
        lambda: _disk(workspace),
        _packages,
        _torch,
        _demo_model,
        _programs,
    ]
    if network:
        steps.append(_network)
    for step in steps:
        yield from step()


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    yield Finding("Tìm Ảnh", True, f"{__version__}")
    yield Finding(
        "Python",
        sys.version_info >= MIN_PYTHON,
        f"{version} on {platform.system()} {platform.machine()}",
        hint="Install Python 3.11 or newer.",
    )


def _hardware() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("Cores", True, str(cores or "unknown"))
    gigabytes = _memory_gb()
    if gigabytes is not None:
        yield Finding(
            "Memory",
            gigabytes >= MIN_MEMORY_GB,
            f"{gigabytes:.1f} GB",
            needed=False,
            hint=f"CLIP models want {MIN_MEMORY_GB:.0f} GB; the demo model needs less.",
        )


def _memory_gb() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def _disk(workspace: Path) -> Iterator[Finding]:
    place = workspace.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    yield Finding(
        "Disk",
        free >= MIN_DISK_GB,
        f"{free:.1f} GB free for the workspace {workspace}",
        needed=False,
        hint="Free some space, or choose another folder with TIMANH_WORKSPACE.",
    )
    yield Finding(
        "Writing",
        os.access(place, os.W_OK),
        str(place),
        hint="Choose a folder you may write to, with TIMANH_WORKSPACE.",
    )


def _packages() -> Iterator[Finding]:
    for name in NEEDED:
        version = _version(name)
        yield Finding(name, version is not None, version or "missing", hint=f"pip install {name}")
    for name, use in OPTIONAL.items():
        version = _version(name)
        hint = f"pip install {name}: {use}"
        yield Finding(name, version is not None, version or "missing", needed=False, hint=hint)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        return
    try:
        import torch
    except (ImportError, OSError) as error:
        hint = "Install torch again for this machine: https://pytorch.org/get-started"
        yield Finding("torch loads", False, " ".join(str(error).split())[:100], hint=hint)
        return
    from timanh.models.half import gpu_has_bf16

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    device = torch.cuda.get_device_name() if cuda else "Apple GPU" if mps else "none"
    hint = "The CPU works too: CLIP ViT-B/32 encodes some 50 pictures a second on 4 cores."
    yield Finding("GPU", cuda or mps, device, needed=False, hint=hint)
    fast, what = _bf16(gpu_has_bf16() if cuda else None)
    hint = "Training then uses float16 on a GPU and float32 on the CPU."
    yield Finding("bfloat16", fast, what, needed=False, hint=hint)


def _bf16(on_gpu: bool | None) -> tuple[bool, str]:
    if on_gpu is not None:
        return on_gpu, "on the GPU" if on_gpu else "not on this GPU"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf8")
    except OSError:
        return False, "unknown"
    names = [name for name in ("amx_bf16", "avx512_bf16") if name in flags]
    return bool(names), ", ".join(names) or "not in this CPU's hardware"


def _demo_model() -> Iterator[Finding]:
    folder = Path(__file__).resolve().parents[1] / "models" / "demo"
    there = (folder / "config.json").is_file()
    size = sum(file.stat().st_size for file in folder.glob("*")) / 1e6 if there else 0.0
    yield Finding(
        "Demo model",
        there,
        f"{size:.1f} MB, comes with the package" if there else "missing",
        needed=False,
        hint="Make it with: timanh train --recipe demo, on a drawn gallery (see the README)",
    )


def _programs() -> Iterator[Finding]:
    for names, use in PROGRAMS.items():
        path = next(filter(None, map(shutil.which, names)), None)
        yield Finding(names[0], path is not None, path or "not found", needed=False, hint=use)


def _network() -> Iterator[Finding]:
    try:
        socket.create_connection(HUB, timeout=5).close()
        found, ok = "reachable", True
    except OSError as error:
        found, ok = f"not reachable ({error})", False
    hint = "Models that are here already, and the demo model, work without it."
    yield Finding(f"Hub {HUB[0]}", ok, found, needed=False, hint=hint)
