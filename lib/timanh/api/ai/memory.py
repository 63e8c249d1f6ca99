"""How much memory this process holds."""

import sys
from pathlib import Path


def resident_mb() -> float | None:
    """Megabytes in memory; at their most where the system tells nothing else; None on Windows."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return _most_mb()
    import resource

    return round(pages * resource.getpagesize() / 1e6, 1)


def _most_mb() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / 1e6 if sys.platform == "darwin" else most / 1e3, 1)
