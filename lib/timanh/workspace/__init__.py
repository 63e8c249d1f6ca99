"""Where things live: one root, on Drive or local, and the files written under it."""

from timanh.workspace.environment import (
    find_secret,
    in_colab,
    is_smoke,
    mount_drive,
    secret,
)
from timanh.workspace.files import atomic_write, free_disk_or_raise
from timanh.workspace.names import name_key, on_disk, readable
from timanh.workspace.root import Workspace, user_cache

__all__ = [
    "Workspace",
    "atomic_write",
    "find_secret",
    "free_disk_or_raise",
    "in_colab",
    "is_smoke",
    "mount_drive",
    "name_key",
    "on_disk",
    "readable",
    "secret",
    "user_cache",
]
