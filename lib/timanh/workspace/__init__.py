"""Where things live: one root, on Drive or local, and the files written under it."""

from timanh.workspace.choices import Choices, read_choices, save_choices
from timanh.workspace.environment import (
    find_secret,
    in_colab,
    is_smoke,
    mount_drive,
    secret,
)
from timanh.workspace.files import (
    atomic_write,
    discard_file,
    fill_folder,
    free_disk_or_raise,
    put_file,
    settle_file,
)
from timanh.workspace.names import name_key, on_disk, readable, require_whole
from timanh.workspace.new_names import disk_key, numbered, safe_name, shortened
from timanh.workspace.root import Workspace, local_place, user_cache
from timanh.workspace.usage import Usage, folder_bytes

__all__ = [
    "Choices",
    "Usage",
    "Workspace",
    "atomic_write",
    "discard_file",
    "disk_key",
    "fill_folder",
    "find_secret",
    "folder_bytes",
    "free_disk_or_raise",
    "in_colab",
    "is_smoke",
    "local_place",
    "mount_drive",
    "name_key",
    "numbered",
    "on_disk",
    "put_file",
    "read_choices",
    "readable",
    "require_whole",
    "safe_name",
    "save_choices",
    "secret",
    "settle_file",
    "shortened",
    "user_cache",
]
